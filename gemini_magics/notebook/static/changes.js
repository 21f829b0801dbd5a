// @ts-check
// The blocks of an answer as a page has them, and the changes that the kernel sends.

/** @returns {Blocks} */
function noBlocks() {
  return { blocks: [], finished: 0 };
}

/**
 * Apply the changes of a frame. Each names a part, a block of it, how much of the block's HTML stays, and
 * what follows that. The kernel counts in UTF-16 units, as `slice` does.
 *
 * @param {Record<PartName, Blocks>} parts
 * @param {Pick<Frame, "changes" | "finished">} frame
 */
function applyChanges(parts, { changes, finished }) {
  for (const [part, at, kept, html] of changes) {
    const { blocks } = parts[part];
    blocks[at] = (blocks[at] ?? "").slice(0, kept) + html;
  }
  parts.thinking.finished = finished.thinking ?? parts.thinking.finished;
  parts.text.finished = finished.text ?? parts.text.finished;
}

export { applyChanges, noBlocks };
