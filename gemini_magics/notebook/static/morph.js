// @ts-check
// Turns nodes of a page into others by changing as little as possible, so that what the reader has
// selected or scrolled in them stays so.

/**
 * Nodes to which the page has added something, such as buttons, each with a copy from before that.
 *
 * @type {WeakMap<Node, Node>}
 */
const originals = new WeakMap();

/**
 * Remember how the kernel made a node, before the page adds something to it.
 *
 * @param {Node} node
 */
function remember(node) {
  originals.set(node, node.cloneNode(true));
}

/**
 * Tell whether the page has added something to a node.
 *
 * @param {Node} node
 */
function isRemembered(node) {
  return originals.has(node);
}

/**
 * Turn sibling nodes into others, and return the nodes that stand there now.
 *
 * @param {ChildNode[]} nodes
 * @param {ChildNode[]} goal
 * @param {(node: ChildNode) => void} append puts a node behind the last one
 * @returns {ChildNode[]}
 */
function turnInto(nodes, goal, append) {
  for (const node of nodes.slice(goal.length)) node.remove();
  return goal.map((fresh, at) => {
    const node = nodes[at];
    if (node) return turnOneInto(node, fresh);
    append(fresh);
    return fresh;
  });
}

/**
 * @param {ChildNode} node
 * @param {ChildNode} fresh
 */
function turnOneInto(node, fresh) {
  if ((originals.get(node) ?? node).isEqualNode(fresh)) return node;
  if (node instanceof Text && fresh instanceof Text) {
    turnTextInto(node, fresh.data);
    return node;
  }
  if (originals.has(node) || !node.cloneNode().isEqualNode(fresh.cloneNode())) {
    node.replaceWith(fresh);
    return fresh;
  }
  turnInto([...node.childNodes], [...fresh.childNodes], (child) => node.appendChild(child));
  return node;
}

/**
 * Replace what follows the common beginning: a selection in the beginning stays.
 *
 * @param {Text} node
 * @param {string} data
 */
function turnTextInto(node, data) {
  let same = 0;
  while (same < node.length && node.data[same] === data[same]) same++;
  node.replaceData(same, node.length - same, data.slice(same));
}

export { isRemembered, remember, turnInto };
