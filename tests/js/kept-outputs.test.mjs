import assert from "node:assert/strict";
import test from "node:test";
import "./dom.mjs";
import { KeptOutputs } from "../../gemini_magics/notebook/static/kept-outputs.js";

const WIDGET = "application/vnd.jupyter.widget-view+json";
const ID = "gemini-0123456789ab";
const SETTLED = {
  data: {
    "text/html": `<div class="gemini-answer gemini-kept ${ID}">All of it.</div>`,
    "text/plain": "All of it.",
  },
  metadata: { gemini_magics: { ended: "stop" } },
};

function shown() {
  return { data: { [WIDGET]: { model_id: ID }, "text/plain": "Thinking…" }, metadata: {} };
}

function notebook(...cells) {
  return {
    sharedModel: {},
    cells: cells.map((outputs, id) => ({
      id,
      outputs: {
        outputs,
        get length() {
          return outputs.length;
        },
        get: (at) => outputs[at],
        set: (at, { data, metadata }) => {
          outputs[at] = { data, metadata };
        },
      },
    })),
  };
}

function answer(facts = {}) {
  const text = { blocks: ["<p>It is</p>"], finished: 0 };
  const none = { blocks: [], finished: 0 };
  return { id: ID, number: 1, head: "", summary: "", thinking: none, text, ended: false, ...facts };
}

test("while an answer grows, its outputs hold the text so far and no widget", () => {
  const outputs = [shown()];
  const said = answer();
  const kept = new KeptOutputs(notebook(outputs), said, "");
  kept.keep();
  assert.deepEqual(Object.keys(outputs[0].data), ["text/html", "text/plain"]);
  assert.match(outputs[0].data["text/html"], /<p>It is<\/p>/);
  assert.match(outputs[0].data["text/plain"], /still growing/);
  said.text.blocks[0] = "<p>It is wide</p>";
  said.number = 2;
  kept.keep();
  assert.match(outputs[0].data["text/html"], /<p>It is wide<\/p>/);
});

test("nothing is written while nothing comes, and never into outputs of others", () => {
  const other = { data: { "text/html": "<p>Mine.</p>" }, metadata: {} };
  const outputs = [shown(), other];
  const kept = new KeptOutputs(notebook(outputs), answer(), "");
  kept.keep();
  const before = outputs[0];
  kept.keep();
  assert.equal(outputs[0], before);
  assert.equal(outputs[1], other);
});

test("each copy gets the settled output of the one that the kernel reached", () => {
  const [reached, copy, widget] = [[SETTLED], [shown()], [shown()]];
  const kept = new KeptOutputs(notebook(reached, copy, widget), answer({ ended: true }), "");
  assert.equal(kept.settle(), true);
  assert.deepEqual(copy, [SETTLED]);
  assert.deepEqual(widget, [SETTLED]);
});

test("an answer is not settled before its last output is known", () => {
  const outputs = [shown()];
  const said = answer({ ended: true });
  const kept = new KeptOutputs(notebook(outputs), said, "");
  assert.equal(kept.settle(), false);
  assert.deepEqual(outputs, [shown()]);
  said.output = SETTLED;
  assert.equal(kept.settle(), true);
  assert.deepEqual(outputs, [SETTLED]);
});

test("a page that never had an output of the answer has none", () => {
  const kept = new KeptOutputs(notebook([]), answer({ ended: true }), "");
  kept.settle();
  assert.equal(kept.any, false);
});

test("a cell that is pasted later gets what the others have", () => {
  const pasted = notebook([shown()]).cells;
  const kept = new KeptOutputs(notebook([SETTLED]), answer({ ended: true, output: SETTLED }), "");
  kept.renew(pasted);
  assert.deepEqual(pasted[0].outputs.outputs, [SETTLED]);
});
