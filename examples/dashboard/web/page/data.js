// The files of the site, and what of them a reader has chosen, added up. Names in them come from pings and may be anything:
// they are kept in Maps, where __proto__ is a name like any other.

import { addArray, addSum, newSum } from "./stats.js";

const read = new Map(); // promises of files, by name; the latest last
const mostRead = 64;

// load returns the JSON of a file of the site. Files in folders never change, so they are kept.
async function load(...path) {
  const url = ["data", ...path].map(encodeURIComponent).join("/");
  const known = read.get(url);
  const promise = known ?? fetchJSON(url, path);
  read.delete(url);
  read.set(url, promise);
  if (read.size > mostRead) {
    read.delete(read.keys().next().value);
  }
  promise.catch(() => read.delete(url));
  return promise;
}

async function fetchJSON(url, path) {
  const answer = await fetch(url);
  if (answer.status === 404 && path.length > 1) {
    throw new Error(`${path.join("/")} is gone: the site has been published anew. Load the page again.`);
  }
  if (!answer.ok) {
    throw new Error(`${path.join("/")}: ${answer.status} ${answer.statusText}`);
  }
  return answer.json();
}

// loadSite returns the folders of the releases by their names, newest first, and what site.json says.
export async function loadSite() {
  const [versions, account] = await Promise.all([load("versions.json"), load("site.json")]);
  const folders = new Map(
    Object.entries(versions)
      .filter(([, folder]) => /^\w[\w.-]*$/.test(folder))
      .sort(([a], [b]) => byAge(b, a)),
  );
  return { folders, account };
}

// byAge orders releases by major version, then by name.
function byAge(a, b) {
  const major = (name) => Number(name.split("/")[1]);
  return major(a) - major(b) || (a < b ? -1 : 1);
}

// loadRelease returns the measures by name, the leaves by id and the pings by day and leaf.
export async function loadRelease(name, folder) {
  const [measures, leaves, pings] = await Promise.all(
    ["measures.json", "leaves.json", "pings.json"].map((file) => load(folder, file)),
  );
  return {
    name,
    folder,
    measures: new Map(measures.map((m) => [m.name, m])),
    leaves: new Map(
      leaves.leaves.map((row) => [row[0], new Map(leaves.columns.map((column, i) => [column, row[i]]))]),
    ),
    pings,
  };
}

// loadMeasure returns lists of arrays by day.
export async function loadMeasure(release, measure, by) {
  return new Map(Object.entries(await load(release.folder, `${measure}-by-${by}-date.json`)));
}

// leafPings is how many pings each leaf of a release has on all days.
export function leafPings(release) {
  const pings = new Map();
  for (const day of Object.values(release.pings.build)) {
    for (const [id, n] of Object.entries(day)) {
      pings.set(Number(id), (pings.get(Number(id)) ?? 0) + n);
    }
  }
  return pings;
}

// collect adds up the arrays of parts: releases, each with what loadMeasure returned of it. GroupOf tells the name of the group
// that a leaf of a release is in, or null if it is in none. The result has by group and by day, in order, the sum of the measure
// and the number of all pings; and how many arrays there were that are none.
export function collect(parts, { by, from, to, buckets, groupOf }) {
  const groups = new Map();
  let refused = 0;
  const inRange = (day) => (!from || day >= from) && (!to || day <= to);
  const point = (name, day) => {
    if (!groups.has(name)) {
      groups.set(name, new Map());
    }
    const days = groups.get(name);
    if (!days.has(day)) {
      days.set(day, { sum: newSum(buckets.length), all: 0 });
    }
    return days.get(day);
  };
  for (const { release, days } of parts) {
    const groupOfLeaf = new Map([...release.leaves].map(([id, leaf]) => [id, groupOf(release, leaf)]));
    for (const [day, arrays] of days) {
      for (const array of inRange(day) ? arrays : []) {
        const group = groupOfLeaf.get(array.at(-1)) ?? null;
        if (group !== null && !addArray(point(group, day).sum, array)) {
          refused++;
        }
      }
    }
    for (const [day, leaves] of Object.entries(release.pings[by])) {
      for (const [id, n] of Object.entries(leaves)) {
        const group = groupOfLeaf.get(Number(id)) ?? null;
        const at = group === null ? undefined : groups.get(group)?.get(day);
        if (at) {
          at.all += n;
        }
      }
    }
  }
  return { groups: [...groups].map(([name, days]) => summed(name, days, buckets)), refused };
}

function summed(name, days, buckets) {
  const total = newSum(buckets.length);
  let all = 0;
  const points = [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, point]) => ({ day, ...point }));
  for (const point of points) {
    addSum(total, point.sum);
    all += point.all;
  }
  return { name, points, total, all };
}
