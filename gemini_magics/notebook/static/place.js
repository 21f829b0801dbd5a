// @ts-check
// A place beside a plain output, which shows the same with more life: the output itself stays in the notebook.

import { add } from "./elements.js";

const LOOK_MS = 50;
const MOST_LOOKS = 2400; // two minutes: a busy page takes long to put an output in its place

/**
 * Make the place and hide the output; undefined where the page has another shape, or the place is there.
 *
 * @param {Element} inside an element of the output
 * @param {() => void} changed is called when the host has drawn the output again
 */
function placeBeside(inside, changed) {
  const child = inside.closest(".jp-OutputArea-child");
  const output = [...(child?.children ?? [])].find((node) => node.contains(inside));
  if (!child || !(output instanceof HTMLElement) || child.querySelector(":scope > .gemini-place"))
    return undefined;
  output.style.display = "none";
  // The page would hold each word twice, for its search, its formulas and its readers.
  const empty = () => output.replaceChildren();
  const drawn = () => {
    if (!output.hasChildNodes()) return;
    empty();
    changed();
  };
  new MutationObserver(drawn).observe(output, { childList: true });
  empty();
  return add(child, "div", "gemini-place jp-OutputArea-output");
}

/**
 * Call a function once an element is in the page. An output must not be replaced before: JupyterLab is still
 * at work on the widget in it, and fails.
 *
 * @param {HTMLElement} el
 * @param {() => void} then
 */
function whenInPage(el, then) {
  let looks = 0;
  (function look() {
    if (el.isConnected) then();
    else if (looks++ < MOST_LOOKS) setTimeout(look, LOOK_MS);
  })();
}

export { placeBeside, whenInPage };
