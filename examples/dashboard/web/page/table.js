// Tables on the page, and the same as files.

import { element } from "./controls.js";

// A table has columns, {name, number}, and rows of texts and numbers; null is a cell with nothing in it.

// tableElement is the table for the page.
export function tableElement({ columns, rows }, format) {
  const head = element("tr", {}, ...columns.map(({ name }) => element("th", { scope: "col" }, name)));
  const body = rows.map((row) =>
    element("tr", {}, ...row.map((cell, i) =>
      element(i === 0 ? "th" : "td", i === 0 ? { scope: "row" } : columns[i].number ? { class: "number" } : {}, cellText(cell, format)))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function cellText(cell, format) {
  return cell === null ? "" : typeof cell === "number" ? format(cell) : cell;
}

// csv is a table as text.
export function csv({ columns, rows }) {
  return [columns.map(({ name }) => name), ...rows].map((row) => row.map(csvCell).join(",") + "\r\n").join("");
}

function csvCell(cell) {
  if (cell === null) {
    return "";
  }
  if (typeof cell === "number") {
    return String(cell);
  }
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell; // else a spreadsheet takes it for a formula
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// save has the browser save a file.
export function save(name, type, text) {
  const link = element("a", { download: name, href: URL.createObjectURL(new Blob([text], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
