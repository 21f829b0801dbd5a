import assert from "node:assert/strict";
import { test } from "node:test";
import { tell } from "../../gemini_magics/notebook/static/tell.js";

/** @param {string} message */
const failing = (message) => ({
  send() {
    throw new Error(message);
  },
});

test("a message and its buffers reach the kernel", () => {
  /** @type {unknown[]} */
  const sent = [];
  tell({ send: (...all) => sent.push(all) }, { do: "attach" }, []);
  assert.deepEqual(sent, [[{ do: "attach" }, undefined, []]]);
});

test("a kernel that JupyterLab has let go of hears nothing, and the page goes on", () => {
  tell(failing("Cannot send"), "gone");
});

test("any other error is told", () => {
  assert.throws(() => tell(failing("no such buffer"), "gone"), /no such buffer/);
});
