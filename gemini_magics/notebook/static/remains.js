// @ts-check
// The part of an answer that has come, as an output that needs no kernel.

const GROWING = "The answer was still growing when this was kept.";

/**
 * @param {LiveAnswer} answer
 * @param {string} css
 * @param {string} note says why there is no more
 * @returns {PlainOutput}
 */
function remains(answer, css, note) {
  const { html, plain } = soFar(answer, note);
  const whole = `<div class="gemini-answer gemini-kept ${answer.id}"><style>${css}</style>${html}</div>`;
  return { data: { "text/html": whole, "text/plain": plain }, metadata: {} };
}

/**
 * Write what has come as HTML, and without the thoughts as text.
 *
 * @param {Pick<LiveAnswer, "head" | "summary" | PartName>} answer
 * @param {string} note says why there is no more
 */
function soFar({ head, summary, thinking, text }, note) {
  const thoughts = thinking.blocks.join("");
  const folded = `<details class="gemini-thinking"><summary>${summary}</summary><div class="gemini-thoughts" tabindex="0">${thoughts}</div></details>`;
  const body = `<div class="gemini-text">${text.blocks.join("")}</div><p class="gemini-note"><small>${note}</small></p>`;
  const pieces = [words(head), ...text.blocks.map(words), note];
  return { html: head + (thoughts && folded) + body, plain: pieces.filter(Boolean).join("\n\n") };
}

/** @param {string} html */
function words(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.textContent?.trim() ?? "";
}

export { GROWING, remains, soFar, words };
