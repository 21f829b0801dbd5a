// A page for the tests: the names that the modules of gemini_magics/notebook/static use without importing them.

import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });
const NAMES = [
  "AbortController",
  "CustomEvent",
  "Element",
  "Event",
  "File",
  "HTMLElement",
  "HTMLImageElement",
  "HTMLInputElement",
  "KeyboardEvent",
  "MutationObserver",
  "Node",
  "Option",
  "Text",
  "cancelAnimationFrame",
  "document",
  "getComputedStyle",
  "navigator",
  "requestAnimationFrame",
  "window",
];
for (const name of NAMES) Object.defineProperty(globalThis, name, { value: window[name], configurable: true });

/** Put HTML into the body, and return its first element. */
export function put(html) {
  document.body.innerHTML = html;
  return document.body.firstElementChild;
}

/** Wait until the page has drawn its next frame. */
export function frame() {
  return new Promise((drawn) => requestAnimationFrame(drawn));
}
