// The plots. No other module knows the library that draws them.

import uPlot from "./vendor/uPlot.esm.js";

const drawn = new Map(); // by element, what to tidy up

// clear removes the plot in an element.
export function clear(element) {
  drawn.get(element)?.();
  drawn.delete(element);
  element.replaceChildren();
}

// color is that of a line, by number: those of style.css, which are others in the dark.
export function color(i) {
  return style(`--line-${i % 8}`);
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// seconds is where a day is on an axis. Days are text everywhere else, so that no time zone can move them.
function seconds(day) {
  return Date.UTC(day.slice(0, 4), day.slice(4, 6) - 1, day.slice(6)) / 1000;
}

export function dayText(day) {
  return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
}

const dashes = [[], [6, 3], [2, 3], [10, 3, 2, 3], [4, 6], [1, 2]];

// drawDays draws lines over days. A line has label, color, dash (a number), values by day, text (what to say of a day), and
// may be of the right axis. OnRange gets the days that a reader has drawn a box over.
export function drawDays(element, { label, days, lines, band, left, right, onRange }) {
  const xs = days.map(seconds);
  const scale = (line) => (line.right ? "right" : "left");
  const values = (format) => (u, splits) => splits.map((v) => (v === null ? "" : format(v)));
  const axes = [
    { ...axis(), values: dayTicks, incrs: [1, 2, 3, 7, 14, 28, 61, 122, 365, 730].map((n) => n * 86400), space: 60 },
    { ...axis(), scale: "left", values: values(left), size: 64 },
  ];
  if (right) {
    axes.push({ ...axis(), scale: "right", side: 1, grid: { show: false }, values: values(right), size: 52 });
  }
  const readout = {
    label,
    title: (i) => dayText(days[i]),
    items: lines.map((line) => ({ ...line, say: (i) => line.text(days[i]) })),
  };
  draw(element, readout, {
    data: [xs, ...lines.map((line) => days.map((day) => line.values.get(day) ?? null))],
    scales: { x: { time: true, range: wide }, left: { range: fromZero }, right: { range: fromZero } },
    series: [{}, ...lines.map((line) => ({
      scale: scale(line),
      stroke: line.color,
      width: 2,
      dash: dashes[(line.dash ?? 0) % dashes.length],
      spanGaps: true,
      points: { show: days.length < 60, size: 5, fill: line.color },
    }))],
    bands: band ? [{ series: band.map((i) => i + 1), fill: faint(lines[band[0]].color) }] : [],
    axes,
    padding: [null, right ? null : 52, null, null], // as wide as a plot that has an axis there
    onSelect: (u, start, end) => {
      const picked = days.filter((_, i) => xs[i] >= start && xs[i] <= end);
      if (picked.length > 0) {
        onRange(picked[0], picked.at(-1));
      }
    },
  });
}

// drawBuckets draws shares over buckets. A histogram has label, color, shares and marks: texts and where they are, as
// stats.percentile has it. Names of buckets are at their start or in their middle. Buckets before first and after last are not drawn.
export function drawBuckets(element, { label, buckets, first, last, centered, histograms, say }) {
  const xs = [...buckets.map((_, i) => i), buckets.length];
  const readout = {
    label,
    title: (i) => buckets[Math.min(i, buckets.length - 1)],
    items: histograms.map((h, n) => ({ ...h, say: (i) => say(n, Math.min(i, buckets.length - 1)) })),
    indexAt: (u) => Math.floor(u.posToVal(u.cursor.left, "x")), // not the nearest: a bucket begins at its bound
    middle: 0.5,
    from: first,
    to: last,
  };
  draw(element, readout, {
    data: [xs, ...histograms.map(({ shares }) => [...shares, shares.at(-1)])],
    scales: { x: { time: false, range: [first, last + 1] }, left: { range: fromZero } },
    series: [{}, ...histograms.map((h) => ({
      scale: "left",
      stroke: h.color,
      fill: faint(h.color),
      width: 1.5,
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
    }))],
    axes: [
      {
        ...axis(),
        splits: (u) => {
          const step = Math.ceil(((last + 1 - first) * 70 * devicePixelRatio) / u.bbox.width);
          return every(step, first, last).map((i) => i + (centered ? 0.5 : 0));
        },
        values: (u, splits) => splits.map((i) => buckets[Math.floor(i)].split(" – ")[0]),
      },
      { ...axis(), scale: "left", values: (u, splits) => splits.map((v) => `${round(v * 100)} %`), size: 64 },
    ],
    marks: histograms.flatMap((h) => h.marks.map((mark) => ({ ...mark, color: h.color }))),
  });
}

function draw(element, readout, { data, scales, series, bands, axes, padding, marks = [], onSelect }) {
  clear(element);
  const { indexAt = (u) => u.cursor.idx, middle = 0, from = 0, to = data[0].length - 1 } = readout;
  const { legend, show } = legendOf(readout);
  const plot = document.createElement("div");
  plot.className = "plot";
  plot.tabIndex = 0;
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", `${readout.label}. Arrow keys read the values; a table has them, too.`);
  element.append(legend, plot);
  const height = () => Math.round(Math.min(320, Math.max(200, innerHeight * 0.4)));
  const u = new uPlot(
    {
      width: plot.clientWidth,
      height: height(),
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { drag: { x: Boolean(onSelect), y: false, setScale: false }, y: false },
      scales,
      series,
      bands,
      axes,
      padding,
      hooks: {
        setCursor: [(u) => show(u.cursor.left < 0 ? null : indexAt(u))],
        setSelect: [
          (u) => u.select.width > 0 && onSelect?.(u, u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")),
        ],
        draw: [(u) => drawMarks(u, marks)],
      },
    },
    data,
    plot,
  );
  let at = -1;
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!step) {
      return;
    }
    event.preventDefault();
    at = Math.max(from, Math.min(to, Math.max(from - 1, at) + step));
    u.setCursor({ left: u.valToPos(data[0][at] + middle, "x"), top: 0 });
  });
  const resized = new ResizeObserver(() => u.setSize({ width: plot.clientWidth, height: height() }));
  resized.observe(plot);
  drawn.set(element, () => {
    resized.disconnect();
    u.destroy();
  });
}

// legendOf makes the names of the lines, and a function that says their values at a place.
function legendOf({ title, items }) {
  const legend = document.createElement("figcaption");
  legend.setAttribute("aria-live", "polite");
  const where = document.createElement("b");
  const values = items.map(({ label, color, dash }) => {
    const item = document.createElement("span");
    const swatch = document.createElement("i");
    swatch.style.borderTopColor = color;
    swatch.style.borderTopStyle = dash ? "dashed" : "solid";
    const value = document.createElement("output");
    item.append(swatch, label, " ", value);
    legend.append(item);
    return value;
  });
  legend.prepend(where);
  const show = (i) => {
    where.textContent = i === null || i === undefined ? "" : title(i);
    values.forEach((value, n) => (value.textContent = where.textContent && items[n].say(i)));
  };
  return { legend, show };
}

function drawMarks(u, marks) {
  const { ctx } = u;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  const ends = []; // of the texts in each row, so that none is over another
  for (const { at, text, color } of [...marks].sort((a, b) => a.at - b.at)) {
    const x = u.valToPos(at, "x", true);
    let row = ends.findIndex((end) => end < x);
    row = row < 0 ? ends.length : row;
    ends[row] = x + ctx.measureText(text).width + 6 * devicePixelRatio;
    const y = u.bbox.top + (10 + 13 * row) * devicePixelRatio;
    ctx.strokeStyle = ctx.fillStyle = color;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, u.bbox.top);
    ctx.lineTo(x, u.bbox.top + u.bbox.height);
    ctx.stroke();
    ctx.fillText(text, x + 3 * devicePixelRatio, y);
  }
  ctx.restore();
}

function axis() {
  const grid = { stroke: style("--grid"), width: 1 };
  return { stroke: style("--muted"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
}

function dayTicks(u, splits) {
  let year = "";
  return splits.map((s) => {
    const [y, ...rest] = new Date(s * 1000).toISOString().slice(0, 10).split("-");
    const text = rest.join("-") + (y === year ? "" : `\n${y}`);
    year = y;
    return text;
  });
}

// wide keeps half a day free at both ends, so that one day alone is in the middle.
function wide(u, min, max) {
  return [min - 43200, max + 43200];
}

function fromZero(u, min, max) {
  return [0, max > 0 ? max * 1.08 : 1];
}

// every lists each step-th number from first to last.
function every(step, first, last) {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
}

function faint(color) {
  return color + "30";
}

function round(v) {
  return Number(v.toPrecision(3));
}
