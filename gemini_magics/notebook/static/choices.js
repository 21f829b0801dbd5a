// @ts-check
// The buttons that answer whether a function may be called.

import { add, button } from "./elements.js";

/** @type {[choice: string, label: string][]} */
const CHOICES = [
  ["once", "Run it"],
  ["always", "Always in this question"],
  ["no", "Don't run it"],
];

/**
 * Append the buttons. Once one is pressed, none can be pressed again.
 *
 * @param {Element} parent
 * @param {(choice: string) => void} choose
 */
function choiceRow(parent, choose) {
  const row = add(parent, "div", "gemini-status");
  row.role = "group";
  row.ariaLabel = "May this function be called?";
  const buttons = CHOICES.map(([choice, label]) =>
    button(row, label, () => {
      for (const each of buttons) each.disabled = true;
      choose(choice);
    }),
  );
  return buttons;
}

export { choiceRow };
