// What the reader has chosen, all of it in the address of the page, so that it can be sent and kept.

// filters are the columns of leaves.json that can be chosen from, and their names here.
export const filters = new Map([
  ["appName", "Product"],
  ["OS", "System"],
  ["osVersion", "System version"],
  ["arch", "Architecture"],
  ["reason", "Reason"],
]);

const single = ["measure", "by", "split", "from", "to", "min"];
const lists = ["release", "show", ...filters.keys()];

// read returns the state that an address has behind its #. What is not there is "", a list none.
export function read(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const state = { cumulative: fields.has("cumulative") };
  for (const name of single) {
    state[name] = fields.get(name) ?? "";
  }
  for (const name of lists) {
    state[name] = [...new Set(fields.getAll(name))];
  }
  state.by = state.by === "submission" ? "submission" : "build";
  for (const name of ["from", "to"]) {
    state[name] = /^\d{8}$/.test(state[name]) ? state[name] : "";
  }
  state.min = /^\d{1,9}$/.test(state.min) ? state.min : "";
  state.split = state.split === "none" || state.split === "release" || filters.has(state.split) ? state.split : "";
  return state;
}

// write returns the address of a state, with its #.
export function write(state) {
  const fields = new URLSearchParams();
  for (const name of single) {
    if (state[name] && !(name === "by" && state.by === "build")) {
      fields.set(name, state[name]);
    }
  }
  for (const name of lists) {
    state[name].forEach((value) => fields.append(name, value));
  }
  if (state.cumulative) {
    fields.set("cumulative", "");
  }
  return `#${fields}`;
}

// splitBy tells what the lines of a state are for each of: "none", "release" or a filter.
export function splitBy(state) {
  return state.split || (state.release.length > 1 ? "release" : "none");
}
