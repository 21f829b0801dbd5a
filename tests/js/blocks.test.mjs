import assert from "node:assert/strict";
import test from "node:test";
import { Part } from "../../gemini_magics/notebook/static/blocks.js";
import { GrowingAnswer } from "../../gemini_magics/notebook/static/growing-answer.js";
import { put } from "./dom.mjs";

const CODE = "<div class='gemini-code'><pre><code>x</code></pre></div>";
const MATH = "<p>So <span class='gemini-math'>$x$</span>.</p>";

function part() {
  const seen = [];
  const typesetter = { typeset: (node) => seen.push(`formulas of ${node.localName}`) };
  const box = put("<div></div>");
  return { box, seen, part: new Part(box, typesetter, (_, code) => seen.push(`tools of ${code.textContent}`)) };
}

function html(box) {
  return box.innerHTML.replaceAll("<!---->", "|");
}

test("blocks are drawn in their order, each before the comment that marks its end", () => {
  const { box, part: text } = part();
  text.draw({ blocks: ["<p>one</p>"], finished: 0 });
  text.draw({ blocks: ["<p>one</p><p>more</p>", "<p>two</p>"], finished: 0 });
  assert.equal(html(box), "<p>one</p><p>more</p>|<p>two</p>|");
});

test("a block that has not changed keeps its nodes", () => {
  const { box, part: text } = part();
  text.draw({ blocks: ["<p>one</p>", "<p>two</p>"], finished: 0 });
  const first = box.querySelector("p");
  text.draw({ blocks: ["<p>one</p>", "<p>two and more</p>"], finished: 0 });
  assert.equal(box.querySelector("p"), first);
});

test("formulas are set and code gets its buttons once a block is finished, and only once", () => {
  const { seen, part: text } = part();
  text.draw({ blocks: [MATH, CODE], finished: 0 });
  assert.deepEqual(seen, []);
  text.draw({ blocks: [MATH, CODE], finished: 1 });
  assert.deepEqual(seen, ["formulas of p"]);
  text.draw({ blocks: [MATH, CODE], finished: 2 });
  text.draw({ blocks: [MATH, CODE], finished: 2 });
  assert.deepEqual(seen, ["formulas of p", "tools of x"]);
});

test("a closed part leaves no comment behind", () => {
  const { box, part: text } = part();
  text.draw({ blocks: ["<p>one</p>", "<p>two</p>"], finished: 2 });
  text.close();
  assert.equal(box.innerHTML, "<p>one</p><p>two</p>");
});

function growing() {
  const root = put("<div><div class='gemini-text'></div></div>");
  const answer = new GrowingAnswer(root.firstElementChild, (box) => new Part(box, undefined));
  const draw = (thinking, text) =>
    answer.draw(
      { thinking: { blocks: thinking, finished: 0 }, text: { blocks: text, finished: 0 } },
      "Thoughts",
    );
  return { root, draw, details: () => root.querySelector("details.gemini-thinking") };
}

test("the thinking stands open before the text, and folds when the text begins", () => {
  const { root, draw, details } = growing();
  draw([], []);
  assert.equal(details(), null);
  draw(["<p>Hm.</p>"], []);
  assert.equal(details().open, true);
  assert.equal(details().nextElementSibling, root.querySelector(".gemini-text"));
  draw(["<p>Hm.</p>"], ["<p>So.</p>"]);
  assert.equal(details().open, false);
});

test("the thinking stays open when its reader has clicked on it", () => {
  const { draw, details } = growing();
  draw(["<p>Hm.</p>"], []);
  details().querySelector("summary").dispatchEvent(new Event("click"));
  draw(["<p>Hm.</p>"], ["<p>So.</p>"]);
  assert.equal(details().open, true);
});

test("thinking that comes after the text is folded", () => {
  const { draw, details } = growing();
  draw([], ["<p>So.</p>"]);
  draw(["<p>Hm.</p>"], ["<p>So.</p>"]);
  assert.equal(details().open, false);
});
