// @ts-check
// The button that copies code or an answer.

import { button } from "./elements.js";

const COPIED_MS = 2000;

/**
 * Append the button. A page that is neither from https nor from this machine has no clipboard, and gets none.
 *
 * @param {Element} parent
 * @param {() => string} text
 * @param {string} name for those who do not see beside what it stands
 */
function copyTextButton(parent, text, name) {
  if (!navigator.clipboard) return;
  const copy = button(parent, "Copy", async () => {
    await navigator.clipboard.writeText(text());
    copy.textContent = copy.ariaLabel = "Copied";
    setTimeout(() => {
      copy.textContent = "Copy";
      copy.ariaLabel = name;
    }, COPIED_MS);
  });
  copy.ariaLabel = name;
}

/**
 * Append the button for a block of code.
 *
 * @param {Element} parent
 * @param {Element} code
 */
function copyButton(parent, code) {
  copyTextButton(parent, () => code.textContent ?? "", "Copy");
}

export { copyButton, copyTextButton };
