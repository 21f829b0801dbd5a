// @ts-check
// Buttons in answers that stand in a file, which itself holds no script: copy code, open a picture or a table large.

const APPEARED = "gemini-answer-appeared"; // an animation of no effect tells that an answer comes into the page
const LARGE = ".gemini-table, img[src^='data:image/']";
const COPIED_MS = 2000;

/** Add buttons to each answer that comes into the page, but for live ones, which have their own. */
function addButtons() {
  document.addEventListener("animationstart", ({ animationName, target }) => {
    if (animationName !== APPEARED || !(target instanceof Element)) return;
    if (target.closest(".gemini-live, .gemini-panel")) return;
    for (const code of target.querySelectorAll(".gemini-code")) addCopy(code);
    for (const node of target.querySelectorAll(LARGE)) addOpenLarge(node);
  });
}

/**
 * @param {Element} parent
 * @param {string} label
 * @param {(button: HTMLButtonElement) => void} press
 */
function addButton(parent, label, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "gemini-button jp-GeminiSavedButton";
  button.textContent = label;
  button.addEventListener("click", () => press(button));
  parent.append(button);
}

/** @param {Element} code */
function addCopy(code) {
  if (!navigator.clipboard || code.querySelector(".gemini-button")) return;
  addButton(code, "Copy", async (button) => {
    await navigator.clipboard.writeText(code.querySelector("code")?.textContent ?? "");
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = "Copy";
    }, COPIED_MS);
  });
}

/** @param {Element} node */
function addOpenLarge(node) {
  if (isWhole(node)) return;
  const parent = node instanceof HTMLImageElement ? node.parentElement : node;
  // The places of marks over a live picture are parts of the height of its frame.
  if (!parent || parent.matches("button, .gemini-marked") || parent.querySelector(":scope > .gemini-button"))
    return;
  addButton(parent, "Open large", () => openLarge(node));
}

/**
 * Tell whether a table, or a picture that has been decoded, stands there as large as it is.
 *
 * @param {Element} node
 */
function isWhole(node) {
  const { clientWidth, scrollWidth } = node;
  if (!(node instanceof HTMLImageElement)) return scrollWidth <= clientWidth;
  return node.naturalWidth > 0 && node.naturalWidth <= clientWidth;
}

/** @param {Element} node */
function openLarge(node) {
  const dialog = document.createElement("dialog");
  dialog.className = "jp-GeminiLarge gemini-answer jp-RenderedHTMLCommon";
  const copy = /** @type {Element} */ (node.cloneNode(true));
  for (const button of copy.querySelectorAll(".gemini-button")) button.remove();
  dialog.append(copy);
  addButton(dialog, "Close", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export { addButtons };
