// The tables of a view, and how numbers are written.

import { bucketLabel, geometricMean, isCategorical, mean, percentile, percentiles, shares, standardDeviation } from "./stats.js";

const few = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

// format writes a number for people: four digits of it, or all before the point.
export function format(x) {
  return x === null ? "none" : Math.abs(x) >= 1000 || Number.isInteger(x) ? whole.format(x) : few.format(x);
}

export function percent(x) {
  return x === null ? "none" : `${few.format(x * 100)} %`;
}

export function groupLabel({ split }, { name }) {
  return split === "none" ? "all chosen" : name;
}

const text = (name) => ({ name, number: false });
const number = (name) => ({ name, number: true });

// open is a number that is known to be no less than it says.
function open({ value, open }) {
  return open ? `≥ ${value}` : value;
}

// daysTable has a row for each day that is shown, and group.
export function daysTable(view) {
  return {
    columns: [
      text("day"), text("group"), number("pings"), number("all pings"), number("samples"),
      ...view.curves.map((c) => number(c.share ? `share of ${c.label}` : c.label)),
    ],
    rows: view.days.flatMap((day) => view.groups.flatMap((group) =>
      group.shown.filter((point) => point.day === day).map(({ sum, all }) => [
        `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`, groupLabel(view, group), sum.pings, all, sum.samples,
        ...view.curves.map((c) => open(c.of(sum))),
      ]))),
  };
}

// bucketsTable has a row for each bucket that is not empty, and group.
export function bucketsTable(view) {
  const rows = view.groups.flatMap((group) => {
    const part = shares(group.total);
    const upTo = shares(group.total, true);
    return view.buckets.map((start, i) => [
      bucketLabel(view.buckets, view.kind, i), groupLabel(view, group), start, group.total.counts[i], part[i], upTo[i],
    ]).filter((row) => row[3] > 0);
  });
  return {
    columns: [text("bucket"), text("group"), number("from"), number("samples"), number("share"), number("share up to its end")],
    rows,
  };
}

// summaryTable has a row for each group. Statistics that no ping reported, or that the kind does not have, have no column.
export function summaryTable(view) {
  const statistics = isCategorical(view.kind) ? [] : [
    ["mean", (sum) => mean(sum)],
    ["standard deviation", (sum) => standardDeviation(sum, view.kind)],
    ["geometric mean", (sum) => geometricMean(sum, view.kind)],
    ...percentiles.map((p) => [p === 50 ? "median" : `${p} %`, (sum) => {
      const at = percentile(sum, view.buckets, view.kind, p);
      return at && (at.open ? `≥ ${at.value}` : at.value);
    }]),
  ].filter(([, of]) => view.groups.some(({ total }) => of(total) !== null));
  return {
    columns: [text("group"), number("pings"), number("all pings"), number("samples"), ...statistics.map(([name]) => number(name))],
    rows: view.groups.map((group) => [
      groupLabel(view, group), group.total.pings, group.all, group.total.samples, ...statistics.map(([, of]) => of(group.total)),
    ]),
  };
}
