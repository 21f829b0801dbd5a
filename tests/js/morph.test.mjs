import assert from "node:assert/strict";
import test from "node:test";
import { isRemembered, remember, turnInto } from "../../gemini_magics/notebook/static/morph.js";
import { put } from "./dom.mjs";

function morph(box, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return turnInto([...box.childNodes], [...template.content.childNodes], (node) => box.append(node));
}

const SHAPES = [
  "",
  "text",
  "<p>one</p>",
  "<p>one</p><p>two</p>",
  "<p class='a'>one</p>",
  "<p>one <em>and</em> more</p>",
  "<ul><li>one</li><li>two <b>bold</b></li></ul>",
  "<ul><li>one</li></ul> tail",
  "<table><tbody><tr><td>🦜</td></tr></tbody></table>",
  "<pre><code>x</code></pre><!-- note -->",
];
for (const from of SHAPES) {
  for (const to of SHAPES) {
    test(`"${from}" turns into "${to}"`, () => {
      const box = put(`<div>${from}</div>`);
      const nodes = morph(box, to);
      const goal = document.createElement("div");
      goal.innerHTML = to;
      assert.equal(box.innerHTML, goal.innerHTML);
      assert.deepEqual(nodes, [...box.childNodes]);
    });
  }
}

test("an element whose text grows stays, and so does its text node", () => {
  const box = put("<div><ul><li>one</li></ul></div>");
  const [item] = box.querySelectorAll("li");
  const text = item.firstChild;
  morph(box, "<ul><li>one and more</li><li>two</li></ul>");
  assert.equal(box.querySelector("li"), item);
  assert.equal(item.firstChild, text);
  assert.equal(text.data, "one and more");
});

test("what is selected in the beginning of a text stays selected while the text grows", () => {
  const box = put("<div><p>The second peak</p></div>");
  const text = box.querySelector("p").firstChild;
  const range = document.createRange();
  range.setStart(text, 4);
  range.setEnd(text, 10);
  morph(box, "<p>The second peak is lower.</p>");
  assert.equal(range.toString(), "second");
});

test("characters that share their first UTF-16 unit are replaced whole", () => {
  const box = put("<div>🦜 flies</div>");
  morph(box, "🦛 swims");
  assert.equal(box.textContent, "🦛 swims");
});

test("an element with other attributes is replaced", () => {
  const box = put("<div><p>one</p></div>");
  const before = box.firstChild;
  morph(box, "<p dir='rtl'>one</p>");
  assert.notEqual(box.firstChild, before);
});

test("a node to which the page added a button stays while the kernel's HTML of it is the same", () => {
  const box = put("<div><pre>x = 1</pre></div>");
  const code = box.firstChild;
  remember(code);
  code.append(document.createElement("button"));
  morph(box, "<pre>x = 1</pre><p>So.</p>");
  assert.equal(box.firstChild, code);
  assert.equal(box.innerHTML, "<pre>x = 1<button></button></pre><p>So.</p>");
});

test("a node to which the page added a button is replaced when the kernel's HTML of it changes", () => {
  const box = put("<div><pre>x = 1</pre></div>");
  const code = box.firstChild;
  remember(code);
  code.append(document.createElement("button"));
  morph(box, "<pre>x = 12</pre>");
  assert.equal(box.innerHTML, "<pre>x = 12</pre>");
  assert.equal(isRemembered(code), true);
  assert.equal(isRemembered(box.firstChild), false);
});
