// The live view: an answer while it is being written.
//
// Python makes safe HTML of the Markdown, block by block, and sends frames that say how the blocks have
// grown. Frames may come before there is a view, and a view long after the frames (in a page that was
// loaded again). So all that was said is kept in the closure that `initialize` and `render` share, the
// only place that anywidget gives to both, and each view draws it, once per animation frame.
//
// When the answer ends, the kernel puts a plain output in place of the widget. A page that was loaded
// again does not hear of that, and a kernel that was killed cannot: then the page itself does it.

const WIDGET = "application/vnd.jupyter.widget-view+json";
const GONE = "The kernel is gone. What had arrived is kept.";
const SWAP_MS = 5000;

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
    if ("seconds" in facts) said.askedAt = performance.now() - 1000 * facts.seconds;
    for (const view of views) view.drawSoon();
  }

  // The kernel keeps the widget until no page shows it any more.
  function release(model) {
    if (said.ended && !said.lost && !views.size) model.send("gone");
  }

  return {
    initialize({ model }) {
      hear(model.get("said"));
      model.on("change:said", () => hear(model.get("said")));
      model.on("msg:custom", (frame) => {
        if (frame.whole || frame.number === said.number + 1) hear(frame);
        else model.send("again");
        release(model);
      });
      model.on("comm_live_update", () => {
        if (!said.ended) learn({ ended: true, lost: true, status: GONE, output: remains(said, model.get("_css")) });
      });
    },

    render({ model, el }) {
      const view = new View(model.widget_manager, el, said);
      views.add(view);
      return () => {
        views.delete(view);
        view.leave();
        release(model);
      };
    },
  };
};

class View {
  constructor({ kernel, rendermime, context }, el, said) {
    this.said = said;
    this.notebook = context?.model;
    el.classList.add("gemini-live");
    // The host's classes make it look like the plain output that will take its place.
    this.root = add(add(el, "div", "jp-RenderedHTMLCommon jp-RenderedHTML"), "div", "gemini-answer");
    this.root.insertAdjacentHTML("beforeend", said.head);
    this.root.querySelectorAll(".gemini-chip").forEach((chip, at) => this.illustrate(chip, said.pictures[at]));

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
    this.clock = add(this.foot, "span");
    this.clock.ariaHidden = "true"; // no screen reader should count along
    this.ticking = setInterval(() => this.tick(), 1000);
    if (kernel?.interrupt) this.stop = button(this.foot, "Stop", () => kernel.interrupt());
    this.drawSoon();
  }

  // Put a picture that was sent into its chip, to open large.
  illustrate(chip, source) {
    if (!source) return;
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
    this.focus = this.root.contains(document.activeElement) ? document.activeElement : undefined;
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
    if (said.output) this.settle();
  }

  tick() {
    if (this.said.ended) return;
    const seconds = Math.round((performance.now() - this.said.askedAt) / 1000);
    write(this.clock, seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`);
  }

  // Put the plain output in the widget's place, in the notebook as it is open in this page.
  settle() {
    const { id, output } = this.said;
    for (const { outputs } of this.notebook?.cells ?? []) {
      for (let at = 0; at < (outputs?.length ?? 0); at++) {
        if (outputs.get(at).data[WIDGET]?.model_id === id)
          outputs.set(at, { output_type: "display_data", ...output });
      }
    }
  }

  // A plain output has taken the view's place: its thoughts open or close as the reader left them here,
  // and the focus stays in the cell.
  leave() {
    clearInterval(this.ticking);
    cancelAnimationFrame(this.frame);
    const { area, place, details, summary, focus, touched, said } = this;
    if (said.ended) announce(said.status);
    if (!area) return;
    if (focus) area.closest(".jp-Cell")?.focus({ preventScroll: true });
    const open = details.open && (touched || !said.text.blocks.length);
    const watch = new MutationObserver(handOver);
    function handOver() {
      const successor = area.children[place]?.querySelector("details.gemini-thinking");
      if (!successor) return;
      watch.disconnect();
      successor.open = open;
      if (focus === summary) successor.querySelector("summary").focus({ preventScroll: true });
    }
    watch.observe(area, { childList: true, subtree: true });
    setTimeout(() => watch.disconnect(), SWAP_MS);
    handOver();
  }
}

// Let a screen reader say something, whatever becomes of the view.
function announce(text) {
  const region = add(document.body, "div");
  region.role = "status";
  Object.assign(region.style, { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" });
  setTimeout(() => write(region, text), 100); // only what changes in a region is said
  setTimeout(() => region.remove(), SWAP_MS);
}

// What had come of an answer, as a plain output.
function remains({ head, summary, thinking, text }, css) {
  const thoughts = thinking.blocks.join("");
  const folded = `<details class="gemini-thinking"><summary>${summary}</summary><div class="gemini-thoughts" tabindex="0">${thoughts}</div></details>`;
  const body = `<div class="gemini-text">${text.blocks.join("")}</div><p class="gemini-note">${GONE}</p>`;
  const template = document.createElement("template");
  template.innerHTML = head + body;
  const html = `<div class="gemini-answer"><style>${css}</style>${head}${thoughts && folded}${body}</div>`;
  return { data: { "text/html": html, "text/plain": template.content.textContent }, metadata: {} };
}
