// Small changes to the page without flicker: nothing is touched that says the same already.
import {visible} from "./text.js";

export const at = id => document.getElementById(id);

export function say(node, text, className) {
  if (node.textContent !== text) node.textContent = text;
  if (className !== undefined && node.className !== className) node.className = className;
}

export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// A name from outside, in its own direction.
export const name = text => make("bdi", {dir: "auto", textContent: visible(text), title: text.length > 200 ? "" : visible(text)});

// Rows of cells; a cell is text, a node, or {text, className, name}. Rows that are as before stay as they are.
export function fill(table, rows, empty) {
  const body = table.tBodies[0];
  const labels = [...table.tHead.querySelectorAll("th")].map(th => th.textContent);
  const wanted = rows.length ? rows : [[{text: empty, className: "none", span: labels.length}]];
  wanted.forEach((cells, i) => {
    const sign = JSON.stringify(cells);
    const old = body.rows[i];
    if (old && old.sign === sign) return;
    const row = make("tr");
    row.sign = sign;
    cells.forEach((given, column) => {
      const cell = typeof given === "object" && given !== null ? given : {text: given};
      const td = make("td", {className: cell.className || "", colSpan: cell.span || 1});
      td.dataset.label = labels[column] || "";
      td.append(cell.name ? name(cell.text) : String(cell.text));
      row.append(td);
    });
    old ? old.replaceWith(row) : body.append(row);
  });
  while (body.rows.length > wanted.length) body.lastElementChild.remove();
}
