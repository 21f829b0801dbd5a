// The live view: an answer while it is being written.
//
// Python makes safe HTML of the Markdown, block by block, and sends frames that say how the blocks have
// grown. Frames may come before there is a view, and a view long after the frames (in a page that was
// loaded again). So all that was said is kept in the closure that `initialize` and `render` share, the
// only place that anywidget gives to both, and each view draws it, once per animation frame.

const SWAP_MS = 5000;
const COPIED_MS = 2000;

export default () => {
  const said = { number: 0, thinking: { blocks: [], finished: 0 }, text: { blocks: [], finished: 0 } };
  const views = new Set();

  function hear(frame) {
    for (const [part, at, kept, html] of frame.changes) {
      const { blocks } = said[part];
      blocks[at] = (blocks[at] ?? "").slice(0, kept) + html;
    }
    for (const part in frame.finished) said[part].finished = frame.finished[part];
    learn({ ...frame.facts, number: frame.number });
  }

  function learn(facts) {
    Object.assign(said, facts);
    for (const view of views) view.drawSoon();
  }

  return {
    initialize({ model }) {
      hear(model.get("said"));
      said.askedAt = performance.now() - 1000 * said.seconds;
      model.on("comm_live_update", () => learn({ ended: true, status: "The kernel is gone; this is what had come." }));
      model.on("msg:custom", (frame) => {
        if (frame.whole || frame.number === said.number + 1) hear(frame);
        else model.send("again");
        if (said.ended && !views.size) model.send("gone");
      });
    },

    render({ model, el }) {
      const view = new View(model.widget_manager, el, said);
      views.add(view);
      return () => {
        views.delete(view);
        view.leave();
        if (said.ended && !views.size) model.send("gone");
      };
    },
  };
};

class View {
  constructor({ kernel, rendermime }, el, said) {
    this.said = said;
    // The host's classes make it look like the plain output that will take its place.
    el.classList.add("gemini-live");
    this.root = add(add(el, "div", "jp-RenderedHTMLCommon jp-RenderedHTML"), "div", "gemini-answer");
    this.root.insertAdjacentHTML("beforeend", said.head);
    this.root.querySelectorAll(".gemini-chip").forEach((chip, at) => said.pictures[at] && this.illustrate(chip, said.pictures[at]));
    this.details = add(this.root, "details", "gemini-thinking");
    this.details.open = true;
    this.summary = add(this.details, "summary");
    this.summary.addEventListener("click", () => (this.touched = true));
    const typesetter = rendermime?.latexTypesetter;
    this.thinking = new Part(add(this.details, "div", "gemini-thoughts"), typesetter);
    this.thinking.box.tabIndex = 0;
    this.text = new Part(add(this.root, "div", "gemini-text"), typesetter);

    this.foot = add(this.root, "div", "gemini-status");
    this.status = add(this.foot, "span");
    this.status.role = "status";
    this.status.ariaLive = "polite";
    this.clock = add(this.foot, "span", "gemini-clock");
    this.clock.ariaHidden = "true"; // no screen reader should count along
    this.ticking = setInterval(() => this.tick(), 1000);
    if (kernel?.interrupt) this.stop = button(this.foot, "Stop", () => kernel.interrupt());
    this.drawSoon();
  }

  // Put a picture that was sent into its chip, to open large.
  illustrate(chip, source) {
    const label = chip.textContent;
    const large = add(this.root, "dialog", "gemini-large");
    large.ariaLabel = label;
    Object.assign(add(large, "img"), { src: source, alt: label });
    large.addEventListener("click", () => large.close());
    const small = button(chip, "", () => large.showModal());
    small.className = "gemini-picture";
    small.ariaLabel = `Enlarge ${label}`;
    Object.assign(add(small, "img"), { src: source, alt: "" });
    chip.prepend(small);
  }

  drawSoon() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = undefined;
    const { said, details, thinking, text } = this;
    const following = thinking.atEnd;
    thinking.draw(said.thinking);
    text.draw(said.text);
    details.hidden = !said.thinking.blocks.length;
    if (said.text.blocks.length && !this.folded) {
      this.folded = true;
      details.open &&= this.touched;
    }
    if (following) thinking.toEnd();
    write(this.summary, said.summary);
    write(this.status, said.status);
    this.tick();
    if (said.ended) this.stop?.remove();
    if (said.foot) this.foot.outerHTML = said.foot;
    const output = this.root.closest(".jp-OutputArea-child");
    this.area = output?.parentNode;
    this.place = output && [...this.area.children].indexOf(output);
  }

  tick() {
    if (this.said.ended) return;
    const seconds = Math.round((performance.now() - this.said.askedAt) / 1000);
    write(this.clock, seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`);
  }

  // The host has put the plain output in the view's place: its thinking section takes on how the
  // reader left this one.
  leave() {
    clearInterval(this.ticking);
    cancelAnimationFrame(this.frame);
    const { area, place, details } = this;
    if (!area) return;
    const watch = new MutationObserver(handOver);
    function handOver() {
      const successor = area.children[place]?.querySelector("details.gemini-thinking");
      if (!successor) return;
      successor.open = details.open;
      watch.disconnect();
    }
    watch.observe(area, { childList: true, subtree: true });
    setTimeout(() => watch.disconnect(), SWAP_MS);
    handOver();
  }
}

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
    blocks.forEach((html, at) => {
      const block = (this.drawn[at] ??= { nodes: [], end: this.box.appendChild(document.createComment("")) });
      if (block.html === html) return;
      const template = document.createElement("template");
      template.innerHTML = html;
      block.html = html;
      block.nodes = turnInto(block.nodes, [...template.content.childNodes], (node) => block.end.before(node));
    });
    for (; this.finished < finished; this.finished++) this.drawn[this.finished]?.nodes.forEach((node) => this.finish(node));
  }

  finish(node) {
    if (!(node instanceof Element)) return;
    this.typesetter?.typeset(node);
    if (!navigator.clipboard) return; // a page that is not from https or this machine
    for (const box of [node, ...node.querySelectorAll("*")].filter((each) => each.matches(".gemini-code"))) {
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
  return parent.appendChild(Object.assign(document.createElement(name), { className }));
}

function button(parent, label, press) {
  const made = add(parent, "button", "gemini-button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", press);
  return made;
}
