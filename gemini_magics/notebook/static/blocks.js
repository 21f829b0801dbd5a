// What the live answer and the panel share: blocks of an answer that grow in place, and small parts of a page.

const COPIED_MS = 2000;

// The thinking or the text of an answer.
class Part {
  constructor(box, typesetter) {
    this.box = box;
    this.typesetter = typesetter;
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
    if (!(node instanceof Element)) return;
    if (node.matches(".gemini-math") || node.querySelector(".gemini-math")) this.typesetter?.typeset(node);
    if (!navigator.clipboard) return; // the page is neither from https nor from this machine
    const boxes = node.matches(".gemini-code") ? [node] : node.querySelectorAll(".gemini-code");
    for (const box of boxes) {
      const copy = button(box, "Copy", async () => {
        await navigator.clipboard.writeText(box.querySelector("code").textContent);
        copy.textContent = "Copied";
        setTimeout(() => (copy.textContent = "Copy"), COPIED_MS);
      });
    }
  }
}

// Turn nodes into others by changing as little as can be: what the reader has selected in them, or
// scrolled, stays so.
function turnInto(nodes, goal, append) {
  nodes.slice(goal.length).forEach((node) => node.remove());
  return goal.map((fresh, at) => {
    const node = nodes[at];
    if (!node) return append(fresh), fresh;
    if (node.isEqualNode(fresh)) return node;
    if (node instanceof Text && fresh instanceof Text) {
      let same = 0;
      while (same < node.length && node.data[same] === fresh.data[same]) same++;
      node.replaceData(same, node.length - same, fresh.data.slice(same));
      return node;
    }
    if (!node.cloneNode().isEqualNode(fresh.cloneNode())) return node.replaceWith(fresh), fresh;
    turnInto([...node.childNodes], [...fresh.childNodes], (child) => node.append(child));
    return node;
  });
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function add(parent, name, className = "") {
  const made = Object.assign(document.createElement(name), { className });
  parent?.append(made);
  return made;
}

function button(parent, label, press) {
  const made = add(parent, "button", "gemini-button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", press);
  return made;
}
