// What the live answer and the panel share: blocks of an answer that grow in place, and small parts of a page.

const COPIED_MS = 2000;

// Nodes to which something was added here, such as buttons, each as Python made it.
const made = new WeakMap();

// The thinking or the text of an answer. `tools` puts buttons beside code.
class Part {
  constructor(box, typesetter, tools = copier) {
    this.box = box;
    this.typesetter = typesetter;
    this.tools = tools;
    this.drawn = []; // for each block: its html, its nodes, and a comment that marks its end
    this.finished = 0;
  }

  get atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 4;
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  draw({ blocks, finished }) {
    for (let at = this.finished; at < blocks.length; at++) {
      const block = (this.drawn[at] ??= { nodes: [], end: this.box.appendChild(document.createComment("")) });
      if (block.html === blocks[at]) continue;
      block.html = blocks[at];
      const template = document.createElement("template");
      template.innerHTML = block.html;
      block.nodes = turnInto(block.nodes, [...template.content.childNodes], (node) => block.end.before(node));
    }
    for (; this.finished < finished; this.finished++) this.drawn[this.finished]?.nodes.forEach((node) => this.finish(node));
  }

  finish(node) {
    if (!(node instanceof Element) || made.has(node)) return;
    const [formulas, code] = [".gemini-math", ".gemini-code"].map((name) => (node.matches(name) ? [node] : [...node.querySelectorAll(name)]));
    if (!formulas.length && !code.length) return;
    made.set(node, node.cloneNode(true));
    if (formulas.length) this.typesetter?.typeset(node);
    for (const box of code) this.tools(box, box.querySelector("code"));
  }

  // What marks the ends of blocks goes; nothing more can be drawn.
  close() {
    for (const { end } of this.drawn) end.remove();
  }
}

function copier(box, code) {
  if (!navigator.clipboard) return; // the page is neither from https nor from this machine
  const copy = button(box, "Copy", async () => {
    await navigator.clipboard.writeText(code.textContent);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), COPIED_MS);
  });
}

// Turn nodes into others by changing as little as can be: what the reader has selected in them, or
// scrolled, stays so.
function turnInto(nodes, goal, append) {
  nodes.slice(goal.length).forEach((node) => node.remove());
  return goal.map((fresh, at) => {
    const node = nodes[at];
    if (!node) return append(fresh), fresh;
    if ((made.get(node) ?? node).isEqualNode(fresh)) return node;
    if (node instanceof Text && fresh instanceof Text) {
      let same = 0;
      while (same < node.length && node.data[same] === fresh.data[same]) same++;
      node.replaceData(same, node.length - same, fresh.data.slice(same));
      return node;
    }
    if (made.has(node) || !node.cloneNode().isEqualNode(fresh.cloneNode())) return node.replaceWith(fresh), fresh;
    turnInto([...node.childNodes], [...fresh.childNodes], (child) => node.append(child));
    return node;
  });
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function add(parent, name, className) {
  const node = document.createElement(name);
  if (className) node.className = className;
  parent?.append(node);
  return node;
}

function button(parent, label, press) {
  const node = add(parent, "button", "gemini-button");
  node.type = "button";
  node.textContent = label;
  node.addEventListener("click", press);
  return node;
}
