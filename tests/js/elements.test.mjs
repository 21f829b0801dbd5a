// A press on a button counts, although what grows above it moves it away.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom.mjs";
import { button } from "../../gemini_magics/notebook/static/elements.js";

/** Press at one place and let go at another; return how often the button was pressed, and what it captured. */
function pressed(from, to, box = { x: 0, y: 0, width: 60, height: 20 }, detail = 1) {
  let times = 0;
  const captured = [];
  const node = button(document.body, "Stop", () => times++);
  node.setPointerCapture = (pointer) => captured.push(pointer);
  node.getBoundingClientRect = () => new DOMRect(box.x, box.y, box.width, box.height);
  const at = ([clientX, clientY]) => ({ bubbles: true, cancelable: true, clientX, clientY, detail });
  node.dispatchEvent(Object.assign(new window.MouseEvent("pointerdown", at(from)), { pointerId: 7 }));
  node.dispatchEvent(new window.MouseEvent("click", at(to)));
  return { times, captured };
}

class DOMRect {
  constructor(x, y, width, height) {
    Object.assign(this, { left: x, top: y, right: x + width, bottom: y + height });
  }
}

test("a button that moves away under the pointer is pressed", () => {
  const moved = { x: 0, y: 200, width: 60, height: 20 };
  assert.deepEqual(pressed([10, 10], [12, 11], moved), { times: 1, captured: [7] });
});

test("a pointer that moves within a wide button presses it", () => {
  assert.equal(pressed([5, 10], [55, 10]).times, 1);
});

test("a pointer that is let go elsewhere presses nothing", () => {
  assert.equal(pressed([10, 10], [10, 90]).times, 0);
});

test("a key presses wherever the button stands", () => {
  assert.equal(pressed([10, 10], [300, 300], undefined, 0).times, 1);
});
