// @ts-check
// Controls of a form, each with its label.

import { add, write } from "./elements.js";

/** Make an id that no other element of the page has. */
function unique() {
  return `gemini-${Math.random().toString(36).slice(2)}`;
}

/**
 * @template {HTMLSelectElement | HTMLInputElement | HTMLTextAreaElement} Control
 * @param {Element} parent
 * @param {string} text
 * @param {Control} control
 */
function labelled(parent, text, control) {
  const box = add(parent, "div", "gemini-panel-field");
  const label = add(box, "label");
  write(label, text);
  label.htmlFor = control.id = unique();
  box.append(control);
  return control;
}

/**
 * Append a list to choose from.
 *
 * @param {Element} parent
 * @param {string} text
 * @param {(value: string) => void} chosen
 */
function choice(parent, text, chosen) {
  const select = labelled(parent, text, document.createElement("select"));
  select.addEventListener("change", () => chosen(select.value));
  return select;
}

/**
 * Append a field to write in.
 *
 * @param {Element} parent
 * @param {string} text
 * @param {"input" | "textarea"} kind
 * @param {(value: string) => void} entered
 */
function field(parent, text, kind, entered) {
  const input = labelled(parent, text, document.createElement(kind));
  input.addEventListener("change", () => entered(input.value));
  return input;
}

/**
 * Append a box to tick.
 *
 * @param {Element} parent
 * @param {string} text
 * @param {(checked: boolean) => void} ticked
 */
function tick(parent, text, ticked) {
  const input = labelled(parent, text, Object.assign(document.createElement("input"), { type: "checkbox" }));
  input.addEventListener("change", () => ticked(input.checked));
  return input;
}

/**
 * Offer these values in a list. Equal ones are left alone, so that a list that is open stays open.
 *
 * @param {HTMLSelectElement} select
 * @param {string[]} values
 * @param {string} value
 */
function offer(select, values, value) {
  if (JSON.stringify([...select.options].map((option) => option.value)) !== JSON.stringify(values))
    select.replaceChildren(...values.map((each) => new Option(each, each)));
  select.value = value;
}

export { choice, field, offer, tick, unique };
