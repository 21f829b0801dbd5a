// @ts-check
// The height that a panel may have: that of what scrolls around it, so that all of it can be in view.

const MARGIN_PX = 24;

/**
 * Keep the height as the custom property --room of the panel. It stays unset where nothing scrolls, as in a
 * frame that grows with its content.
 *
 * @param {HTMLElement} panel
 */
function watchRoom(panel) {
  const scroller = scrollerOf(panel);
  if (!scroller) return;
  new ResizeObserver(() => {
    const room = scroller.clientHeight - MARGIN_PX;
    if (room > 0) panel.style.setProperty("--room", `${room}px`);
  }).observe(scroller);
}

/** @param {HTMLElement} panel */
function scrollerOf(panel) {
  for (let node = panel.parentElement; node && node !== document.body; node = node.parentElement)
    if (/auto|scroll/.test(getComputedStyle(node).overflowY) && !node.closest(".jp-OutputArea")) return node;
  return undefined;
}

export { watchRoom };
