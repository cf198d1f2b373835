// The page: reads the address, loads what it asks for, shows it, and writes what the reader chooses into the address.

import * as charts from "./charts.js";
import { element, picker, searcher } from "./controls.js";
import { loadMeasure, loadRelease, loadSite } from "./data.js";
import { explain } from "./explain.js";
import { filters, read, splitBy, write } from "./state.js";
import { bucketLabel, isCategorical, percentile, percentiles, shares } from "./stats.js";
import { csv, save, tableElement } from "./table.js";
import { bucketsTable, daysTable, format, groupLabel, percent, summaryTable } from "./tables.js";
import { makeView, optionsOf } from "./view.js";

const $ = (id) => document.getElementById(id);

let state = read(location.hash);
let site;
let shown = null; // the view on the page, for export
let turn = 0; // of render: an older one that is still loading gives up

// change makes the page show another state.
function change(changes) {
  state = { ...state, ...changes };
  history.pushState(null, "", write(state));
  render();
}

const measures = searcher("Measure", (measure) => change({ measure, show: [] }));
$("measure").append(measures.box);

const pickers = new Map();
for (const [column, label] of [["release", "Release"], ...filters]) {
  const p = picker(label, column === "release" ? "newest" : "all", (values) => change({ [column]: values }));
  pickers.set(column, p);
  $("pickers").append(p.box);
}

$("controls").addEventListener("submit", (event) => event.preventDefault());
$("by").addEventListener("change", ({ target }) => change({ by: target.value }));
$("split").addEventListener("change", ({ target }) => change({ split: target.value }));
$("min").addEventListener("change", ({ target }) => change({ min: target.value }));
$("from").addEventListener("change", ({ target }) => change({ from: target.value.replaceAll("-", "") }));
$("to").addEventListener("change", ({ target }) => change({ to: target.value.replaceAll("-", "") }));
$("cumulative").addEventListener("change", ({ target }) => change({ cumulative: target.checked }));
$("reset").addEventListener("click", () => change({ ...read(""), measure: state.measure }));
$("csv").addEventListener("click", () => save(`${shown.measure}.csv`, "text/csv", csv(daysTable(shown.view))));
$("json").addEventListener("click", () => save(`${shown.measure}.json`, "application/json", exported(shown)));
addEventListener("popstate", () => {
  state = read(location.hash);
  render();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shown && drawPlots(shown));

async function render() {
  const mine = ++turn;
  document.body.ariaBusy = "true";
  try {
    const found = await find();
    if (mine === turn) {
      show(found);
    }
  } catch (error) {
    if (mine === turn) {
      show({ notices: [{ text: error.message }] });
    }
  }
  if (mine === turn) {
    document.body.ariaBusy = "false";
  }
}

// find loads what the state asks for, and returns it as a view, or says why there is nothing to view.
async function find() {
  site ??= await loadSite();
  const notices = [];
  const { folders, account } = site;
  let names = state.release.filter((name) => folders.has(name));
  const unknown = state.release.filter((name) => !folders.has(name));
  if (unknown.length > 0) {
    notices.push({ text: `The site has no release ${unknown.join(", ")}.` });
  }
  if (names.length === 0 && state.release.length === 0) {
    names = newest(folders);
  }
  if (folders.size === 0) {
    return { notices: [{ text: "The site has no releases: its state has no pings with a channel and a version." }], account };
  }
  const releases = await Promise.all(names.map((name) => loadRelease(name, folders.get(name))));
  const listed = new Map(releases.flatMap((r) => [...r.measures]));
  const measure = state.measure || (listed.has("GC_MS") ? "GC_MS" : [...listed.keys()][0] ?? "");
  const found = { notices, account, names, releases, listed, measure, definition: listed.get(measure) };
  const having = releases.filter((r) => sameBuckets(r.measures.get(measure), found.definition));
  const parts = await Promise.all(having.map(async (release) => ({ release, days: await loadMeasure(release, measure, state.by) })));
  if (found.definition) {
    found.view = makeView(state, found.definition, parts);
  }
  notices.push(...explain(state, found, parts));
  return found;
}

// newest is the newest nightly, or if there is none the newest release.
function newest(folders) {
  const names = [...folders.keys()];
  return [names.find((name) => name.startsWith("nightly/")) ?? names[0]].filter(Boolean);
}

function sameBuckets(a, b) {
  return a && a.kind === b.kind && a.buckets.join() === b.buckets.join();
}

function show(found) {
  showControls(found);
  const { measure = "", definition, view } = found;
  document.title = measure ? `${measure} – Telemetry dashboard` : "Telemetry dashboard";
  $("name").textContent = measure;
  $("description").textContent = definition ? `${definition.description} (${definition.kind})` : "";
  $("notice").replaceChildren(...found.notices.map(({ text, button, changes }) => {
    const p = element("p", {}, text);
    if (button) {
      const b = element("button", { type: "button" }, button);
      b.addEventListener("click", () => change(changes));
      p.append(b);
    }
    return p;
  }));
  const some = Boolean(view && view.groups.length > 0);
  $("views").hidden = !some;
  shown = some ? found : null;
  if (some) {
    showCurves(view);
    drawPlots(found);
    $("summary").replaceChildren(tableElement(summaryTable(view), format));
    $("days").lastChild.replaceChildren(tableElement(daysTable(view), format));
    $("buckets").lastChild.replaceChildren(tableElement(bucketsTable(view), format));
  }
}

function showControls(found) {
  const { account, names = [], releases = [], listed = new Map(), measure = "" } = found;
  if (account) {
    const { lastDay, pings, missingDays } = account;
    $("fresh").textContent = `${format(pings)} pings, submitted to ${charts.dayText(lastDay)}` +
      (missingDays.length > 0 ? `; ${missingDays.length === 1 ? "1 day before it is" : `${missingDays.length} days before it are`} missing` : "");
    const of = new Map(account.releases.map((r) => [r.release, r.pings]));
    pickers.get("release").set(
      [...site.folders.keys()].map((value) => ({ value, label: value, note: pingsText(of.get(value)) })),
      state.release.length > 0 ? state.release : names,
    );
  }
  for (const column of filters.keys()) {
    const options = optionsOf(releases, column, state).map(([value, n]) => ({ value, label: value, note: pingsText(n) }));
    pickers.get(column).set(options, state[column]);
  }
  measures.set([...listed.values()].map((m) => ({ value: m.name, text: `${m.description} (${m.kind}, ${pingsText(m.pings)})` })), measure);
  document.querySelector(`[name=by][value=${state.by}]`).checked = true;
  $("split").value = state.split;
  $("from").value = state.from && charts.dayText(state.from);
  $("to").value = state.to && charts.dayText(state.to);
  $("min").value = state.min;
  $("min").placeholder = found.view?.min ?? "";
  $("cumulative").checked = state.cumulative;
}

function pingsText(n = 0) {
  return `${format(n)} pings`;
}

// showCurves shows the lines to tick. With none ticked the usual ones are shown.
function showCurves({ curves, shown }) {
  const names = new Set(shown.map(({ name }) => name));
  const focused = document.activeElement?.name === "curve" ? document.activeElement.value : null;
  $("curves").replaceChildren(...curves.map(({ name, label }) => {
    const input = element("input", { type: "checkbox", name: "curve" });
    input.value = name;
    input.checked = names.has(name);
    input.addEventListener("change", () => {
      names[input.checked ? "add" : "delete"](name);
      change({ show: [...names] });
    });
    return element("label", {}, input, ` ${label}`);
  }));
  [...$("curves").querySelectorAll("input")].find((input) => input.value === focused)?.focus();
}

function drawPlots({ measure, view }) {
  const many = view.groups.length > 1;
  const share = isCategorical(view.kind);
  const number = share ? percent : format;
  const onRange = (from, to) => change({ from, to });
  const line = (group, of, more) => {
    const points = new Map(group.shown.map((point) => [point.day, of(point)]));
    return {
      values: new Map([...points].map(([day, { value }]) => [day, value])),
      text: (day) => (points.has(day) ? pointText(points.get(day), more.right ? percent : number) : ""),
      ...more,
    };
  };
  const lines = view.groups.flatMap((group, g) => view.shown.map((curve, c) =>
    line(group, ({ sum }) => curve.of(sum), {
      label: many ? `${groupLabel(view, group)}${view.shown.length > 1 ? `, ${curve.label}` : ""}` : curve.label,
      color: charts.color(many ? g : share ? c : view.curves.indexOf(curve)),
      dash: many ? c : 0,
    })));
  const quartiles = ["p75", "p25"].map((name) => view.shown.findIndex((curve) => curve.name === name));
  charts.drawDays($("evolution"), {
    label: `${measure} by day of ${state.by}`, days: view.days, lines, left: number, onRange,
    band: !many && !quartiles.includes(-1) ? quartiles : null,
  });
  const pings = view.groups.flatMap((group, g) => {
    const label = many ? groupLabel(view, group) : "";
    const color = charts.color(g);
    const count = line(group, ({ sum }) => ({ value: sum.pings }), { label: `${label} pings`, color });
    return [
      { ...count, text: (day) => format(count.values.get(day) ?? null) },
      line(group, ({ sum, all }) => ({ value: all > 0 ? sum.pings / all : null }), {
        label: `${label} share`, color: many ? color : charts.color(1), dash: 1, right: true,
      }),
    ];
  });
  charts.drawDays($("pings"), { label: `Pings with ${measure}`, days: view.days, lines: pings, left: format, right: percent, onRange });
  const buckets = labelsOf(view);
  const histograms = view.groups.map((group, g) => ({
    label: many ? groupLabel(view, group) : "samples",
    color: charts.color(g),
    shares: shares(group.total, state.cumulative).slice(0, buckets.length),
    marks: share ? [] : (many ? [50] : percentiles).map((p) => ({
      at: percentile(group.total, view.buckets, view.kind, p)?.at ?? 0, text: p === 50 ? "median" : `${p} %`,
    })),
  }));
  charts.drawBuckets($("histogram"), {
    label: `Distribution of ${measure}`, buckets, ...drawnBuckets(view, buckets.length), centered: share, histograms,
    say: (n, i) => `${percent(histograms[n].shares[i])} (${format(view.groups[n].total.counts[i])})`,
  });
}

// labelsOf names the buckets, but for the third of yes and no, which is empty.
function labelsOf({ kind, buckets, groups }) {
  const labels = buckets.map((_, i) => bucketLabel(buckets, kind, i));
  const third = kind === "enumerated" || !isCategorical(kind) || groups.some(({ total }) => total.counts[2] > 0);
  return third ? labels : labels.slice(0, 2);
}

// drawnBuckets are those that have samples, one more at both ends for ranges, and all for yes and no.
function drawnBuckets({ kind, groups }, n) {
  const used = Array.from({ length: n }, (_, i) => i).filter((i) => groups.some(({ total }) => total.counts[i] > 0));
  if (kind === "boolean" || kind === "flag" || used.length === 0) {
    return { first: 0, last: n - 1 };
  }
  const more = isCategorical(kind) ? 0 : 1;
  return { first: Math.max(0, used[0] - more), last: Math.min(n - 1, used.at(-1) + more) };
}

function pointText({ value, open }, number) {
  return value === null ? "none" : `${open ? "≥ " : ""}${number(value)}`;
}

function exported({ measure, definition, names, view }) {
  return JSON.stringify({
    measure, kind: view.kind, description: definition.description, releases: names, address: location.href,
    by: state.by, split: splitBy(state), days: daysTable(view), buckets: bucketsTable(view), summary: summaryTable(view),
  }, null, 1);
}

render();
