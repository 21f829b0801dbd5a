// A page that lacks a module gets the plugins that do without it, and one line in its console.

import assert from "node:assert/strict";
import test from "node:test";
import { plugins } from "../../labextension/static/plugins.js";

const ALL = ["gemini_magics:settings", "gemini_magics:cells", "gemini_magics:ask", "gemini_magics:panel"];

/** A value that can be called, constructed and asked for any property. */
const anything = new Proxy(class {}, {
  get: (target, name) => (name === "then" ? undefined : name === "prototype" ? target.prototype : anything),
  apply: () => anything,
  construct: () => anything,
});

/** The modules of a page, but for some. */
function pageWithout(...missing) {
  const module = { "4.0.0": { loaded: true, get: async () => () => anything } };
  return new Proxy({}, { get: (_, name) => (missing.includes(name) ? undefined : module) });
}

async function pluginsOf(t, shared) {
  const told = t.mock.method(console, "info", () => {});
  const found = await plugins(shared);
  return [found.map(({ id }) => id), told.mock.calls.map((call) => call.arguments.join(" "))];
}

test("a page with all modules gets all plugins, and its console nothing", async (t) => {
  assert.deepEqual(await pluginsOf(t, pageWithout()), [ALL, []]);
});

test("a page without a launcher gets the panel all the same", async (t) => {
  assert.deepEqual(await pluginsOf(t, pageWithout("@jupyterlab/launcher")), [ALL, []]);
});

test("what needs a module that is missing is left out, and the console says so in one line", async (t) => {
  const [found, told] = await pluginsOf(t, pageWithout("@jupyterlab/outputarea", "@jupyterlab/codemirror"));
  assert.deepEqual(found, ["gemini_magics:settings", "gemini_magics:ask"]);
  assert.equal(told.length, 1);
  assert.match(told[0], /^gemini_magics: this page has no @jupyterlab\/codemirror, no @jupyterlab\/outputarea/);
});

test("a page of another kind gets none, and one line", async (t) => {
  const [found, told] = await pluginsOf(t, {});
  assert.deepEqual(found, []);
  assert.equal(told.length, 1);
});
