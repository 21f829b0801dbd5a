// A question and its answer in the panel: what is known of it, and how it is drawn while it grows and as it
// stays. As in panel.js, the HTML is Python's.

function grown(turn) {
  if (!turn.grown) return turn;
  const fresh = { asked: turn.asked, pictures: turn.pictures, thinking: { blocks: [], finished: 0 }, text: { blocks: [], finished: 0 } };
  grow(fresh, turn.grown);
  fresh.askedAt = performance.now() - 1000 * (fresh.facts.seconds ?? 0);
  return fresh;
}

function grow(turn, { changes, finished, facts }) {
  if (!turn) return;
  for (const [part, at, kept, html] of changes) {
    const { blocks } = turn[part];
    blocks[at] = (blocks[at] ?? "").slice(0, kept) + html;
  }
  for (const part in finished) turn[part].finished = finished[part];
  turn.facts = { ...turn.facts, ...facts };
}

class TurnView {
  constructor(panel, key) {
    this.panel = panel;
    this.key = key;
    this.root = add(undefined, "article", "gemini-panel-turn");
    this.body = add(this.root, "div", "gemini-panel-body");
    this.actions = add(this.root, "div", "gemini-panel-actions");
    const act = (label, name, press) => {
      button(this.actions, label, press).ariaLabel = name;
    };
    act("Edit", "Edit this question and ask again", () => panel.say("edit", { key }));
    act("Retry", "Ask this question again", () => panel.say("retry", { key }));
    act("Branch", "Go on from here in another conversation", () => panel.say("branch", { key }));
    act("To a cell", "Insert this question as a cell below", () => panel.say("cell", { key }));
  }

  mark(busy, editing) {
    this.actions.hidden = Boolean(busy);
    this.root.classList.toggle("gemini-panel-edited", editing);
  }

  draw(turn) {
    if (turn.html) this.settle(turn);
    else this.grow(turn);
    this.mark(this.panel.said.facts.busy, this.panel.said.facts.editing === this.key);
  }

  grow(turn) {
    if (this.turn !== turn) this.begin(turn);
    if (turn.thinking.blocks.length && !this.details) this.think();
    const { details, thinking, text } = this;
    const following = thinking?.atEnd;
    thinking?.draw(turn.thinking);
    text.draw(turn.text);
    if (turn.text.blocks.length && !this.folded) {
      this.folded = true;
      if (details) details.open &&= this.touched;
    }
    if (following) thinking.toEnd();
    if (details) write(this.summary, turn.facts.summary);
  }

  // An answer that grows has from the beginning the shape that it keeps.
  begin(turn) {
    const answer = `<div class="gemini-answer">${turn.facts.head}<div class="gemini-text"></div></div>`;
    this.body.replaceChildren(...this.pieces(`${turn.asked}<div class="gemini-answered">${answer}</div>`).childNodes);
    this.illustrate(turn.pictures);
    this.turn = turn;
    this.thinking = this.details = undefined;
    this.text = this.part(this.body.querySelector(".gemini-text"));
    this.touched = this.folded = false;
  }

  think() {
    this.details = add(undefined, "details", "gemini-thinking");
    this.details.open = !this.folded;
    this.summary = add(this.details, "summary");
    this.summary.addEventListener("click", () => (this.touched = true));
    this.thinking = this.part(add(this.details, "div", "gemini-thoughts"));
    this.thinking.box.tabIndex = 0;
    this.text.box.before(this.details);
  }

  // The turn as it stays, the same whether it has grown here or not. What is there already remains in place,
  // and with it what the reader has selected, scrolled and opened.
  settle(turn) {
    const fresh = this.pieces(turn.html).firstElementChild;
    const thoughts = fresh.querySelector("details.gemini-thinking");
    if (thoughts) thoughts.open = Boolean(this.details?.open);
    this.thinking?.close();
    this.text?.close();
    turnInto([...this.body.childNodes], [...fresh.childNodes], (node) => this.body.append(node));
    this.illustrate(turn.pictures);
    for (const box of this.body.querySelectorAll(".gemini-thoughts, .gemini-text")) {
      const part = this.part(box);
      for (const node of box.childNodes) part.finish(node);
    }
    this.details = this.body.querySelector("details.gemini-thinking");
    this.turn = this.thinking = this.text = undefined;
    this.root.classList.toggle("gemini-stale", Boolean(turn.stale));
  }

  // Python's HTML as nodes: in the host's look, and without the white space between its pieces.
  pieces(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    template.content.querySelector(".gemini-answered").classList.add("jp-RenderedHTMLCommon", "jp-RenderedHTML");
    for (const node of [...template.content.querySelector(".gemini-answer").childNodes]) if (node instanceof Text) node.remove();
    return template.content;
  }

  part(box) {
    const { panel } = this;
    return new Part(box, panel.typesetter, (box, code) => {
      const tools = add(box, "div", "gemini-panel-tools");
      copier(tools, code);
      button(tools, "To a cell", () => panel.insert(code.textContent)).ariaLabel = "Insert this code as a cell below";
    });
  }

  // Put the pictures that were sent into their chips, small.
  illustrate(pictures) {
    const chips = this.body.querySelector(".gemini-chips");
    if (!chips || made.has(chips)) return;
    made.set(chips, chips.cloneNode(true));
    [...chips.children].forEach((chip, at) => {
      if (!pictures[at]) return;
      chip.prepend(Object.assign(document.createElement("img"), { src: pictures[at], alt: "" }));
    });
  }
}
