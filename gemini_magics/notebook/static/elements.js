// @ts-check
// Elements and their text.

const NEAR_PX = 24; // as large as a target of a pointer has to be (WCAG 2.2, 2.5.8)

/**
 * Set a node's text. Equal text is left alone, so that nothing is announced twice and a selection stays.
 *
 * @param {Node} node
 * @param {string} text
 */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Make an element and append it to its parent, if it has one.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Element | undefined} parent
 * @param {Name} name
 * @param {string} [className]
 * @returns {HTMLElementTagNameMap[Name]}
 */
function add(parent, name, className) {
  const node = document.createElement(name);
  if (className) node.className = className;
  parent?.append(node);
  return node;
}

/**
 * Append a button.
 *
 * @param {Element | undefined} parent
 * @param {string} label
 * @param {(event: MouseEvent) => void} press
 */
function button(parent, label, press) {
  const node = add(parent, "button", "gemini-button");
  node.type = "button";
  node.textContent = label;
  keepPress(node);
  node.addEventListener("click", press);
  return node;
}

/**
 * Let a press count although its target moves away meanwhile, as it does where an answer grows above it. A click
 * goes to what the pointer went down on and came up on (https://w3c.github.io/uievents/#event-type-click), so the
 * target captures the pointer (https://w3c.github.io/pointerevents/#setting-pointer-capture). Who moves the pointer
 * away has changed their mind: https://www.w3.org/WAI/WCAG22/Understanding/pointer-cancellation
 *
 * @param {HTMLElement} node
 */
function keepPress(node) {
  /** @type {PointerEvent | undefined} */
  let down;
  node.addEventListener("pointerdown", (event) => {
    down = event;
    node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("click", (event) => {
    const byKey = !event.detail;
    if (byKey || !down || isNear(event, down) || isOver(event, node)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });
}

/**
 * @param {MouseEvent} one
 * @param {MouseEvent} other
 */
function isNear(one, other) {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) < NEAR_PX;
}

/**
 * @param {MouseEvent} event
 * @param {Element} node
 */
function isOver(event, node) {
  const { left, right, top, bottom } = node.getBoundingClientRect();
  return event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
}

export { add, button, keepPress, write };
