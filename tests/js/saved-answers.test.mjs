import assert from "node:assert/strict";
import test from "node:test";
import { addButtons } from "../../labextension/static/saved-answers.js";
import { put } from "./dom.mjs";

test("a picture opens large, but for one under marks, whose places depend on the height of its frame", () => {
  const picture = '<img alt="fig" src="data:image/png;base64,AA==">';
  const page = put(
    `<div class="gemini-answer"><p>${picture}</p><div class="gemini-marked">${picture}</div></div>`,
  );
  addButtons();
  const appeared = new Event("animationstart", { bubbles: true });
  page.dispatchEvent(Object.assign(appeared, { animationName: "gemini-answer-appeared" }));
  assert.deepEqual(
    [...page.querySelectorAll(".gemini-button")].map((button) => button.parentElement.localName),
    ["p"],
  );
});
