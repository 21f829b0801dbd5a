import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { Patience } from "../../gemini_magics/notebook/static/patience.js";

test("a page that hears nothing asks after 5 s, then at growing distances, and soon again once it has heard", () => {
  let now = 0;
  mock.method(performance, "now", () => now);
  const patience = new Patience();
  const asked = [];
  for (; now < 180_000; now += 1000) if (patience.isOver()) asked.push(now / 1000);
  assert.deepEqual(asked, [5, 15, 35, 75, 135]);
  patience.heard();
  now += 5000;
  assert.equal(patience.isOver(), true);
  mock.restoreAll();
});
