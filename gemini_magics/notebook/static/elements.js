// @ts-check
// Elements and their text.

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
  node.addEventListener("click", press);
  return node;
}

export { add, button, write };
