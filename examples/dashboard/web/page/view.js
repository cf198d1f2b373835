// What there is to see of a state: the groups to compare, the lines of each, the days that are shown, and why others are not.

import { collect, leafPings } from "./data.js";
import { filters, splitBy } from "./state.js";
import { bucketLabel, fewest, isCategorical, mean, percentile, percentiles } from "./stats.js";

const mostGroups = 8;
const mostCategories = 8;

// valueOf is what a leaf has in a column. Versions of systems are those of their system.
export function valueOf(leaf, column) {
  return column === "osVersion" ? `${leaf.get("OS")} ${leaf.get("osVersion")}` : leaf.get(column);
}

// optionsOf lists the values in a column of some releases with the number of pings, most first.
export function optionsOf(releases, column, state) {
  const pings = new Map();
  for (const release of releases) {
    for (const [id, n] of leafPings(release)) {
      const leaf = release.leaves.get(id);
      if (leaf && (column !== "osVersion" || state.OS.length === 0 || state.OS.includes(leaf.get("OS")))) {
        const value = valueOf(leaf, column);
        pings.set(value, (pings.get(value) ?? 0) + n);
      }
    }
  }
  return [...pings].sort((a, b) => b[1] - a[1]);
}

// makeView adds up what a state selects of parts, releases with their arrays. All have the measure, with the same buckets.
export function makeView(state, { kind, buckets }, parts) {
  const split = splitBy(state);
  const chosen = (leaf) => [...filters.keys()].every((c) => state[c].length === 0 || state[c].includes(valueOf(leaf, c)));
  const { by, from, to } = state;
  const { groups, refused } = collect(parts, {
    by, from, to, buckets,
    groupOf: (release, leaf) => {
      if (!chosen(leaf)) {
        return null;
      }
      return split === "none" ? "all" : split === "release" ? release.name : valueOf(leaf, split);
    },
  });
  groups.sort((a, b) => (split === "release" ? order(parts, a) - order(parts, b) : b.total.pings - a.total.pings));
  const leftOut = groups.splice(mostGroups);
  const pings = groups.flatMap(({ points }) => points.map(({ sum }) => sum.pings));
  const min = state.min === "" ? fewest(pings) : Number(state.min);
  let hidden = 0;
  for (const group of groups) {
    group.shown = group.points.filter(({ sum }) => sum.pings >= min);
    hidden += group.points.length - group.shown.length;
  }
  const days = [...new Set(groups.flatMap(({ shown }) => shown.map(({ day }) => day)))].sort();
  const curves = curvesOf(kind, buckets, groups);
  const wanted = curves.filter(({ name }) => state.show.includes(name));
  return {
    kind, buckets, groups, days, curves, refused, min, hidden, leftOut, split,
    shown: wanted.length > 0 ? wanted : usualOf(kind, curves, groups.length > 1),
    dayGroups: groups.reduce((n, { points }) => n + points.length, 0),
  };
}

function order(parts, group) {
  return parts.findIndex(({ release }) => release.name === group.name);
}

// curvesOf lists the lines that a kind can have by day: name, label, what it is of a sum, and whether as a part of all.
function curvesOf(kind, buckets, groups) {
  if (!isCategorical(kind)) {
    return [
      { name: "mean", label: "mean", of: (sum) => ({ value: mean(sum), open: false }) },
      ...percentiles.map((p) => ({
        name: `p${p}`,
        label: p === 50 ? "median" : `${p} %`,
        of: (sum) => percentile(sum, buckets, kind, p) ?? { value: null, open: false },
      })),
    ];
  }
  const counts = buckets.map((_, i) => groups.reduce((n, { total }) => n + total.counts[i], 0));
  const used = counts.map((count, i) => [i, count]).filter(([i, count]) => count > 0 || (i < 2 && kind !== "enumerated"));
  return used.map(([i, count]) => ({
    name: `v${buckets[i]}`,
    label: bucketLabel(buckets, kind, i),
    share: true,
    count,
    of: (sum) => ({ value: sum.samples > 0 ? sum.counts[i] / sum.samples : null, open: false }),
  }));
}

// usualOf are the lines that are shown if the reader has not said: of one group all, or the most frequent values; of many one each.
function usualOf(kind, curves, many) {
  if (!isCategorical(kind)) {
    return many ? curves.filter(({ name }) => name === "p50") : curves;
  }
  if (kind !== "enumerated") {
    return many ? curves.filter(({ name }) => name === "v1") : curves;
  }
  const frequent = [...curves].sort((a, b) => b.count - a.count).slice(0, many ? 1 : mostCategories);
  return curves.filter((curve) => frequent.includes(curve));
}
