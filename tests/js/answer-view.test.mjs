import assert from "node:assert/strict";
import test from "node:test";
import { AnswerView } from "../../gemini_magics/notebook/static/answer-view.js";
import { frame, put } from "./dom.mjs";

function growing() {
  const none = { blocks: [], finished: 0 };
  const facts = { head: "", status: "Answering…", summary: "", pictures: [], foot: "", markdown: "" };
  return { ...facts, number: 1, ended: false, askedAt: 0, thinking: none, text: none };
}

test("what the service tells after the last word still comes into the footer", async () => {
  const said = growing();
  const el = put("<div></div>");
  const view = new AnswerView({}, el, said);
  view.draw();
  Object.assign(said, { ended: true, foot: '<p class="gemini-foot">low effort</p>', markdown: "It is." });
  view.drawSoon();
  await frame();
  assert.match(el.textContent, /low effort/);
  said.foot = '<p class="gemini-foot">low effort · 8 s</p>';
  view.drawSoon();
  await frame();
  assert.match(el.textContent, /low effort · 8 s/);
  assert.equal(el.querySelectorAll(".gemini-foot").length, 1);
});
