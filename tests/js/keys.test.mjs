import assert from "node:assert/strict";
import test from "node:test";
import { enterSends, hint, letEnterSend, sends } from "../../gemini_magics/notebook/static/keys.js";
import "./dom.mjs";

const stored = new Map();
globalThis.localStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, value),
  removeItem: (name) => stored.delete(name),
};
const KEYS = {
  Enter: {},
  "Shift+Enter": { shiftKey: true },
  "Ctrl+Enter": { ctrlKey: true },
  "Cmd+Enter": { metaKey: true },
  "the Enter that ends a word of Japanese": { isComposing: true },
  a: { key: "a" },
};

function sending() {
  return Object.keys(KEYS).filter((name) => sends({ key: "Enter", ...KEYS[name] }));
}

test("Enter sends, and a reader can turn it round", () => {
  assert.deepEqual(sending(), ["Enter", "Ctrl+Enter", "Cmd+Enter"]);
  letEnterSend(false);
  assert.deepEqual(sending(), ["Ctrl+Enter", "Cmd+Enter"]);
  assert.equal(hint(), "Ctrl + Enter sends");
  letEnterSend(true);
  assert.equal(hint(), "Shift + Enter makes a line");
});

test("a page that may store nothing lets Enter send", () => {
  globalThis.localStorage = undefined;
  letEnterSend(false);
  assert.equal(enterSends(), true);
});
