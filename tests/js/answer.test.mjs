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
  return { outputs, heard, model, sent, settle: (output = SETTLED) => outputs.splice(0, 1, output) };
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

const WITH_ALL = {
  data: {
    "text/html": `<div class="gemini-answer gemini-kept ${ID}">
      <details class="gemini-thinking"><summary>Thinking</summary><div class="gemini-thoughts"><p>Hm.</p></div></details>
      <div class="gemini-text"><p>All.</p></div><div class="gemini-marks"><ul><li>1 A peak</li></ul></div>
      <p class="gemini-foot">3 s</p></div>`,
    "text/plain": "All.",
  },
  metadata: { gemini_magics: { ended: "stop" } },
};
const IN_PLACE = /^\s*Thinking\s*Hm\.\s*All\.\s*1 A peak\s*3 s\s*$/;

test("a view whose last words were never heard settles when its widget goes", async () => {
  put(OUTPUT);
  const { heard, model, settle } = shown();
  answerWidget().initialize({ model });
  await frame();
  settle(WITH_ALL);
  heard.destroy();
  await frame();
  assert.equal(document.querySelectorAll(".gemini-live").length, 0);
  assert.match(document.querySelector(".gemini-place").textContent, IN_PLACE);
});

test("a view that hears nothing more settles as the output that the kernel puts into the cell", async () => {
  const element = put(OUTPUT);
  const { model, settle } = shown();
  answerWidget().initialize({ model });
  await frame();
  settle(WITH_ALL);
  element.querySelector(".jp-OutputArea-child > div").append("drawn again");
  await new Promise((done) => setTimeout(done, 200));
  await frame();
  assert.equal(document.querySelectorAll(".gemini-live").length, 0);
  assert.match(document.querySelector(".gemini-place").textContent, IN_PLACE);
});

test("a view that comes after its answer's output settles, too, though it hears nothing", async () => {
  const { model, settle } = shown();
  settle(WITH_ALL);
  put(OUTPUT);
  answerWidget().initialize({ model });
  await new Promise((done) => setTimeout(done, 1200));
  await frame();
  assert.equal(document.querySelectorAll(".gemini-live").length, 0);
  assert.match(document.querySelector(".gemini-place").textContent, IN_PLACE);
});

test("a view whose widget goes before the last output has come shows that output once it comes", async () => {
  const element = put(OUTPUT);
  const { heard, model, settle } = shown();
  answerWidget().initialize({ model });
  await frame();
  heard.destroy();
  await frame();
  settle(WITH_ALL);
  element.querySelector(".jp-OutputArea-child > div").append("drawn again");
  await new Promise((done) => setTimeout(done, 200));
  await frame();
  assert.match(document.querySelector(".gemini-place").textContent, IN_PLACE);
});
