"use strict";
// Draws what /events sends: once a second all that the receiver counts. Nothing is kept here but the last of it.

const $ = (id) => document.getElementById(id);
const choice = { window: "minute", measure: "count" };
const rowSeconds = { minute: 1, hour: 60, day: 900 };
let last = null;
let cursor = -1; // the row that the arrow keys have chosen

const whats = {
	accepted: "accepted", oversize: "body too long", long_path: "path too long", bad_body: "body incomplete", not_found: "not found",
	bad_method: "other method", no_length: "no length", write_failed: "disk failed", busy: "too busy", disk_full: "disk full",
	read: "read", written: "written", duplicates: "duplicates", bad: "refused",
};
const dimensions = { appUpdateChannel: "Channel", appName: "Application", appVersion: "Version", reason: "Reason", appBuildID: "Build" };

function say(what) {
	return whats[what] || what.replace(/^bad\./, "").replaceAll("_", " ");
}

function number(n) {
	if (choice.measure === "bytes") {
		let unit = 0;
		for (; n >= 1000 && unit < 5; unit++) n /= 1000;
		return (unit && n < 100 ? n.toPrecision(3) : Math.round(n)) + " " + ["B", "kB", "MB", "GB", "TB", "PB"][unit];
	}
	return n >= 100 || Number.isInteger(n) ? Math.round(n).toLocaleString("en") : n.toPrecision(2);
}

const recent = (s) => s.recent[choice.window];
const amount = (s) => recent(s)[choice.measure];
const perSecond = (s) => recent(s).rate * (choice.measure === "bytes" ? recent(s).bytes / (recent(s).count || 1) : 1);
const rows = (s) => recent(s)[choice.measure === "bytes" ? "bytes_by_row" : "counts"];

function element(name, text, attributes) {
	const e = document.createElement(name);
	if (text !== undefined) e.textContent = text;
	for (const key in attributes) e.setAttribute(key, attributes[key]);
	return e;
}

function shape(name, attributes, text) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const key in attributes) e.setAttribute(key, attributes[key]);
	if (text !== undefined) e.textContent = text;
	return e;
}

// A table has a row for each series: its share as a line below, the sum, and how many a second.
function table(title, list, bad) {
	const section = element("section");
	section.append(element("h3", title));
	const t = element("table", undefined, { "aria-label": title });
	const head = t.createTHead().insertRow();
	for (const name of ["", "in the " + choice.window, "a second"]) head.append(element("th", name, { scope: "col" }));
	const body = t.createTBody();
	const most = Math.max(1, ...list.map(amount));
	for (const s of list) {
		const row = body.insertRow();
		row.style.setProperty("--part", (100 * amount(s)) / most + "%");
		if (bad(s)) row.className = "bad";
		const name = s.dimension ? s.value || "(none)" : say(s.what);
		row.append(element("th", name, { scope: "row", title: name }), element("td", number(amount(s))), element("td", number(perSecond(s))));
	}
	section.append(t);
	return section;
}

function tiles(ok, refused, converted) {
	const sum = (list, f) => list.reduce((n, s) => n + f(s), 0);
	const all = sum([...ok, ...refused], (s) => recent(s).count);
	const read = converted.filter((s) => s.what === "read");
	const bad = converted.filter((s) => s.what === "bad");
	const share = (part, whole) => (whole ? ((100 * part) / whole).toFixed(part ? 2 : 0) + " %" : "–");
	const list = [
		["Accepted a second", number(sum(ok, perSecond))],
		["Accepted in the " + choice.window, number(sum(ok, amount))],
		["Not accepted", share(sum(refused, (s) => recent(s).count), all)],
		["Converted a second", number(sum(read, perSecond))],
		["Refused by the converter", share(sum(bad, (s) => recent(s).count), sum(read, (s) => recent(s).count))],
	];
	$("tiles").replaceChildren(...list.map(([name, value]) => {
		const div = element("div");
		div.append(element("dt", name), element("dd", value));
		return div;
	}));
}

// niceTop is the first of 1, 2, 5, 10, ... that is not below n.
function niceTop(n) {
	const power = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
	return [1, 2, 5, 10].map((f) => f * power).find((t) => t >= n) || 10 * power;
}

const plot = { left: 70, right: 950, top: 12, bottom: 212 };

function chart(ok, refused) {
	const columns = rows(ok[0] || refused[0] || { recent: { [choice.window]: {} } })?.length || 0;
	const total = (list) => Array.from({ length: columns }, (_, i) => list.reduce((n, s) => n + rows(s)[i], 0));
	const good = total(ok), bad = total(refused);
	const per = rowSeconds[choice.window];
	const top = niceTop(Math.max(0, ...good.map((n, i) => (n + bad[i]) / per)));
	const { left, right, bottom } = plot;
	const y = (n) => bottom - ((bottom - plot.top) * n) / top;
	const svg = $("chart");
	svg.replaceChildren();
	for (const part of [0, 0.5, 1]) {
		svg.append(shape("line", { class: "grid", x1: left, x2: right, y1: y(top * part), y2: y(top * part) }));
		svg.append(shape("text", { x: left - 8, y: y(top * part) + 4, "text-anchor": "end" }, number(top * part) + (part === 1 ? "/s" : "")));
	}
	const width = (right - left) / Math.max(columns, 1);
	for (let i = 0; i < columns; i++) {
		const x = left + i * width, w = Math.max(1, width - 1);
		const g = good[i] / per, b = bad[i] / per;
		if (g) svg.append(shape("rect", { class: "good", x, width: w, y: y(g), height: bottom - y(g) }));
		if (b) svg.append(shape("rect", { class: "bad", x, width: w, y: y(g + b), height: y(g) - y(g + b) }));
	}
	for (const [part, anchor] of [[0, "start"], [0.5, "middle"], [1, "end"]]) {
		svg.append(shape("text", { x: left + (right - left) * part, y: bottom + 20, "text-anchor": anchor }, when(columns * (1 - part))));
	}
	if (cursor >= columns) cursor = columns - 1;
	if (cursor >= 0) {
		const x = left + (cursor + 0.5) * width;
		svg.append(shape("line", { class: "mark", x1: x, x2: x, y1: plot.top, y2: bottom }));
		$("cursor").textContent = `${when(columns - 1 - cursor)}: ${number(good[cursor])} accepted, ${number(bad[cursor])} not`;
	} else {
		$("cursor").textContent = "";
	}
}

// when says how long ago a number of rows was.
function when(rowsAgo) {
	if (rowsAgo <= 0) return "now";
	const seconds = rowsAgo * rowSeconds[choice.window];
	if (seconds < 120) return Math.round(seconds) + " s ago";
	if (seconds < 7200) return Math.round(seconds / 60) + " min ago";
	return +(seconds / 3600).toFixed(1) + " h ago";
}

function draw() {
	if (!last) return;
	const of = (source) => last.series.filter((s) => s.source === source && s.what !== "status");
	const refuse = (s) => s.what !== "accepted";
	const all = of("receive"), overall = all.filter((s) => !s.dimension);
	const ok = overall.filter((s) => !refuse(s)), refused = overall.filter(refuse);
	const converted = of("convert"), sums = converted.filter((s) => !s.dimension);
	tiles(ok, refused, sums);
	chart(ok, refused);
	const byAmount = (list) => list.sort((a, b) => amount(b) - amount(a));
	const tables = (list) => Object.keys(dimensions).map((d) => [d, list.filter((s) => s.dimension === d)]).filter(([, l]) => l.length)
		.map(([d, l]) => table(dimensions[d], byAmount(l), () => false));
	$("receive").replaceChildren(...(overall.length ? [table("Answers", byAmount(overall), refuse)] : []), ...tables(all));
	$("idle").hidden = converted.length > 0;
	const isBad = (s) => s.what.startsWith("bad");
	const flow = sums.filter((s) => !s.what.startsWith("bad."));
	const reasons = sums.filter((s) => s.what.startsWith("bad."));
	$("convert").replaceChildren(
		...(flow.length ? [table("Records", byAmount(flow), isBad)] : []),
		...(reasons.length ? [table("Refused because of", byAmount(reasons), isBad)] : []),
		...tables(converted.filter((s) => s.what === "read")));
	$("since").textContent = "Counting since " + new Date(last.since).toLocaleString();
}

$("choice").addEventListener("change", (e) => {
	choice[e.target.name] = e.target.value;
	cursor = -1;
	draw();
});

$("chart").addEventListener("keydown", (e) => {
	const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
	if (e.key === "Escape") cursor = -1;
	else if (step) cursor = Math.max(0, cursor < 0 ? 1e9 : cursor + step);
	else return;
	e.preventDefault();
	draw();
});

$("chart").addEventListener("pointermove", (e) => {
	const box = $("chart").getBoundingClientRect();
	const x = ((e.clientX - box.left) / box.width) * 960;
	const columns = { minute: 60, hour: 60, day: 96 }[choice.window];
	cursor = x < plot.left ? -1 : Math.min(columns - 1, Math.floor(((x - plot.left) / (plot.right - plot.left)) * columns));
	draw();
});
$("chart").addEventListener("pointerleave", () => { cursor = -1; draw(); });

const source = new EventSource("events");
source.onmessage = (e) => {
	last = JSON.parse(e.data);
	$("state").textContent = "Live";
	$("state").className = "live";
	draw();
};
source.onerror = () => {
	$("state").textContent = "Connection lost, trying again";
	$("state").className = "lost";
};
