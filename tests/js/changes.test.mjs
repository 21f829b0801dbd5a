import assert from "node:assert/strict";
import test from "node:test";
import { applyChanges, noBlocks } from "../../gemini_magics/notebook/static/changes.js";

function answer(...frames) {
  const parts = { thinking: noBlocks(), text: noBlocks() };
  for (const frame of frames) applyChanges(parts, { finished: {}, ...frame });
  return parts;
}

test("a block grows by what follows the part of it that stays", () => {
  const { text } = answer(
    { changes: [["text", 0, 0, "<p>The peak</p>"]] },
    { changes: [["text", 0, 11, " is odd.</p>"]] },
  );
  assert.deepEqual(text.blocks, ["<p>The peak is odd.</p>"]);
});

test("what stays of a block is counted in UTF-16 units", () => {
  const { text } = answer(
    { changes: [["text", 0, 0, "<p>🦜🦜</p>"]] },
    { changes: [["text", 0, 5, "🦛</p>"]] },
  );
  assert.deepEqual(text.blocks, ["<p>🦜🦛</p>"]);
});

test("the kernel may cut between the two units of a character", () => {
  const { text } = answer({ changes: [["text", 0, 0, "🦜"]] }, { changes: [["text", 0, 1, "🦛".slice(1)]] });
  assert.deepEqual(text.blocks, ["🦛"]);
});

test("a change that keeps nothing replaces the block", () => {
  const { text } = answer(
    { changes: [["text", 0, 0, "<p>1. one</p>"]] },
    { changes: [["text", 0, 0, "<ol><li>one</li></ol>"]] },
  );
  assert.deepEqual(text.blocks, ["<ol><li>one</li></ol>"]);
});

test("thinking and text grow apart from each other", () => {
  const parts = answer({
    changes: [
      ["thinking", 0, 0, "<p>Hm.</p>"],
      ["text", 0, 0, "<p>So.</p>"],
      ["text", 1, 0, "<p>And.</p>"],
    ],
    finished: { text: 1 },
  });
  assert.deepEqual(parts, {
    thinking: { blocks: ["<p>Hm.</p>"], finished: 0 },
    text: { blocks: ["<p>So.</p>", "<p>And.</p>"], finished: 1 },
  });
});

test("a frame that does not name a part leaves as many of its blocks finished as before", () => {
  const { text } = answer({ changes: [], finished: { text: 2 } }, { changes: [], finished: { thinking: 1 } });
  assert.equal(text.finished, 2);
});
