// Two controls that HTML has not: a list to tick in that folds away, and a search for one of many names.

export function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    e.setAttribute(key, value);
  }
  e.append(...children); // text stays text
  return e;
}

// picker is a folding list of options to tick. Set shows options, {value, label, note}, of which some are chosen; onChange gets
// the values chosen. None means all, if there is a word for all.
export function picker(label, all, onChange) {
  const chosen = new Set();
  const now = element("span", { class: "now" });
  const list = element("fieldset", {}, element("legend", { class: "hidden" }, label));
  const search = element("input", { type: "search", placeholder: "Find", "aria-label": `Find in ${label}` });
  const box = element("details", { class: "picker" }, element("summary", {}, `${label}: `, now), element("div", {}, search, list));
  search.addEventListener("input", () => {
    for (const option of list.querySelectorAll("label")) {
      option.hidden = !option.textContent.toLowerCase().includes(search.value.toLowerCase());
    }
  });
  list.addEventListener("change", ({ target }) => {
    if (target.checked) {
      chosen.add(target.value);
    } else {
      chosen.delete(target.value);
    }
    onChange([...chosen]);
  });
  foldsAway(box);
  const set = (options, values) => {
    chosen.clear();
    values.forEach((v) => chosen.add(v));
    const known = new Set(options.map(({ value }) => value));
    const gone = values.filter((v) => !known.has(v)).map((value) => ({ value, label: value, note: "not here" }));
    now.textContent = values.length > 0 ? values.join(", ") : all;
    const focused = list.contains(document.activeElement) ? document.activeElement.value : null;
    list.replaceChildren(list.firstChild, ...[...gone, ...options].map(({ value, label, note }) => {
      const input = element("input", { type: "checkbox" });
      input.value = value;
      input.checked = chosen.has(value);
      return element("label", {}, input, ` ${label} `, element("small", {}, note));
    }));
    search.hidden = options.length < 9;
    search.dispatchEvent(new Event("input"));
    [...list.querySelectorAll("input")].find((input) => input.value === focused)?.focus();
  };
  return { box, set };
}

// foldsAway closes a box on Escape, and when the reader goes elsewhere.
function foldsAway(box) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.open) {
      box.open = false;
      box.querySelector("summary").focus();
    }
  });
  document.addEventListener("pointerdown", ({ target }) => {
    box.open &&= box.contains(target);
  });
  box.addEventListener("focusout", ({ relatedTarget }) => {
    box.open &&= relatedTarget === null || box.contains(relatedTarget);
  });
}

const mostFound = 200;

// searcher is a field that finds names by the words in them and in their texts. Set shows options, {value, text}, and the one
// that is chosen; onChange gets another.
export function searcher(label, onChange) {
  let options = [];
  let chosen = "";
  let found = [];
  let at = -1;
  const list = element("ul", { role: "listbox", id: "found", "aria-label": label, hidden: "" });
  const input = element("input", {
    type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
    "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list",
  });
  const box = element("div", { class: "searcher" }, element("label", {}, label, input), list);

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    input.value = chosen;
  };
  const open = (words) => {
    const wanted = words.toLowerCase().split(/[\s_]+/).filter(Boolean);
    found = options.filter(({ value, text }) => {
      const all = `${value} ${text}`.toLowerCase();
      return wanted.every((word) => all.includes(word));
    });
    const rest = found.length - mostFound;
    found = found.slice(0, mostFound);
    list.replaceChildren(...found.map(({ value, text }, i) =>
      element("li", { role: "option", id: `found-${i}`, "aria-selected": "false" }, value, element("small", {}, text))));
    if (found.length === 0 || rest > 0) {
      list.append(element("li", { class: "muted" }, rest > 0 ? `and ${rest} more` : "No measure has these words."));
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    move(words === "" ? found.findIndex(({ value }) => value === chosen) : Math.min(0, found.length - 1));
  };
  const move = (to) => {
    list.children[at]?.setAttribute("aria-selected", "false");
    at = to;
    if (found[at]) {
      list.children[at].setAttribute("aria-selected", "true");
      list.children[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", `found-${at}`);
    }
  };
  const choose = (i) => {
    chosen = found[i].value;
    close();
    onChange(chosen);
  };
  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => list.hidden && open(""));
  input.addEventListener("input", () => open(input.value));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.hidden) {
      open("");
    } else if (step && found.length > 0) {
      move((at + step + found.length) % found.length);
    } else if (event.key === "Enter" && !list.hidden && found[at]) {
      choose(at);
    } else if (event.key === "Escape") {
      close();
    } else if (event.key !== "Enter") {
      return;
    }
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", ({ target }) => {
    const i = [...list.children].indexOf(target.closest("li"));
    if (found[i]) {
      choose(i);
    }
  });
  const set = (all, value) => {
    options = all;
    chosen = value;
    input.value = value;
  };
  return { box, set };
}
