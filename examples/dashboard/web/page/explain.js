// Why there is nothing to show, or less than a reader may expect. A notice has a text and may have a button that changes the state.

import { filters } from "./state.js";

const noFilters = Object.fromEntries([...filters.keys()].map((column) => [column, []]));

const dayText = (day) => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;

// explain returns notices about what was found for a state in parts, releases with their arrays.
export function explain(state, found, parts) {
  const { account, releases, measure, definition, view } = found;
  const notices = [];
  const say = (text, button, changes) => notices.push({ text, button, changes });
  for (const release of releases) {
    const own = release.measures.get(measure);
    if (!own) {
      say(`${measure} is not in ${release.name}${dropped(account, measure)}.`);
    } else if (!parts.some((part) => part.release === release)) {
      say(`${measure} has other buckets in ${release.name}, so it cannot be added up or compared: left out.`);
    }
  }
  if (!definition) {
    return notices;
  }
  if (view.groups.length === 0) {
    nothing(state, found, parts, say);
  } else if (view.days.length === 0) {
    say(`No day has ${view.min} pings with ${measure}: all ${view.dayGroups} are hidden. The distribution has them.`, "Show them", { min: "0" });
  } else if (view.hidden > 0) {
    say(`Hidden by day, not in the distribution: ${view.hidden} of ${view.dayGroups} points with fewer than ${view.min} pings.`, "Show them", { min: "0" });
  }
  if (view.leftOut.length > 0) {
    say(`Compared are the ${view.groups.length} with most pings; left out: ${view.leftOut.map(({ name }) => name).join(", ")}.`);
  }
  if (view.refused > 0) {
    say(`${view.refused} arrays are not as the measure is defined: left out.`);
  }
  return notices;
}

// nothing says why no array was added up though the measure is known.
function nothing(state, { account, measure }, parts, say) {
  const allDays = parts.flatMap(({ days }) => [...days.keys()]).sort();
  const { from, to, by } = state;
  const inRange = allDays.filter((day) => (!from || day >= from) && (!to || day <= to));
  if (inRange.length > 0) {
    say(`No ping with ${measure} is of what is chosen: ${chosenText(state)}.`, "Choose all", noFilters);
    return;
  }
  if (allDays.length === 0) {
    say(`${measure} has no pings by submission date: all came more than 60 days after their build.`, "By build date", { by: "build" });
    return;
  }
  if (from > account.lastDay) {
    say(`Not processed yet: the site has days of submission to ${dayText(account.lastDay)}.`, "All days", { from: "", to: "" });
    return;
  }
  const missing = account.missingDays.filter((day) => (!from || day >= from) && (!to || day <= to));
  if (by === "submission" && missing.length > 0) {
    say(`Not processed: ${missing.map(dayText).join(", ")}.`, "All days", { from: "", to: "" });
    return;
  }
  say(`No ping with ${measure} is of these days; there are some from ${dayText(allDays[0])} to ${dayText(allDays.at(-1))}.`,
    "All days", { from: "", to: "" });
}

function chosenText(state) {
  return [...filters].filter(([column]) => state[column].length > 0)
    .map(([column, label]) => `${label} ${state[column].join(" or ")}`).join(", ");
}

// dropped says why the site may have left a measure out.
function dropped(account, measure) {
  const reasons = account.dropped.filter(({ measures }) => Object.hasOwn(measures, measure)).map(({ reason }) => reason);
  return reasons.length > 0 ? ` (left out when the site was made: ${reasons.join(", ")})` : "";
}
