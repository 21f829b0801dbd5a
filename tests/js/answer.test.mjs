import assert from "node:assert/strict";
import test from "node:test";
import answerWidget from "../../gemini_magics/notebook/static/answer.js";
import { frame, put } from "./dom.mjs";

const ID = "gemini-0123456789ab";
const SETTLED = {
  data: { "text/html": `<div class="gemini-answer gemini-kept ${ID}">All.</div>`, "text/plain": "All." },
  metadata: { gemini_magics: { ended: "stop" } },
};
const WHOLE = {
  number: 1,
  whole: true,
  facts: { id: ID, head: "", summary: "", status: "Thinking…", pictures: [] },
  changes: [],
  finished: {},
};

/** A notebook with one cell, whose outputs the host replaces, and a widget in it as the kernel speaks to it. */
function shown() {
  const outputs = [{ data: { "application/vnd.jupyter.widget-view+json": { model_id: ID } }, metadata: {} }];
  const list = { length: 1, get: () => outputs[0], set: (_, output) => outputs.splice(0, 1, output) };
  const heard = {};
  const sent = [];
  const model = {
    get: (name) => (name === "said" ? WHOLE : ""),
    on: (name, listener) => {
      heard[name] = listener;
    },
    send: (message) => sent.push(message),
    widget_manager: {
      context: { model: { sharedModel: {}, cells: [{ outputs: list }] } },
      rendermime: { latexTypesetter: null },
    },
  };
  return { outputs, heard, model, sent, settle: () => outputs.splice(0, 1, SETTLED) };
}

const OUTPUT = `<div class="jp-OutputArea"><div class="jp-OutputArea-child"><div>
  <div class="gemini-answer gemini-kept ${ID}"></div></div></div></div>`;
const LAST = {
  number: 2,
  facts: { ended: true, status: "", foot: "" },
  changes: [["text", 0, 0, "<p>All.</p>"]],
  finished: { text: 1 },
};

test("a view settles though the kernel lets its widget go in the same moment, as in a loop of questions", async () => {
  put(OUTPUT);
  const { heard, model, settle } = shown();
  answerWidget().initialize({ model });
  await frame();
  assert.equal(document.querySelectorAll(".gemini-live").length, 1);
  heard["msg:custom"](LAST);
  settle();
  heard.destroy();
  await new Promise((done) => setTimeout(done, 200));
  await frame();
  assert.equal(document.querySelectorAll(".gemini-live").length, 0);
  assert.match(document.querySelector(".gemini-place").textContent, /All\./);
});

test("a view settles though its widget goes before the host has applied the last output", async () => {
  const element = put(OUTPUT);
  const { heard, model, settle } = shown();
  answerWidget().initialize({ model });
  await frame();
  heard["msg:custom"](LAST);
  heard.destroy();
  await new Promise((done) => setTimeout(done, 200));
  settle();
  element.querySelector(".jp-OutputArea-child > div").append("drawn again");
  await new Promise((done) => setTimeout(done, 200));
  await frame();
  assert.equal(document.querySelectorAll(".gemini-live").length, 0);
});
