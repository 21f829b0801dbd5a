// @ts-check
// Tells when an output comes into the page.

/**
 * Call `found` with each element of a class, now and whenever one comes into the page. Elements of that class
 * have an animation of no effect, whose event tells of them, at no cost while none comes.
 *
 * @param {string} name of the class
 * @param {(element: Element) => void} found
 * @returns {() => void} ends it
 */
function watchFor(name, found) {
  /** @param {AnimationEvent} event */
  function seen({ animationName, target }) {
    if (animationName === "gemini-seen" && target instanceof Element && target.classList.contains(name))
      found(target);
  }
  document.addEventListener("animationstart", seen);
  for (const element of [...document.getElementsByClassName(name)]) found(element);
  return () => document.removeEventListener("animationstart", seen);
}

export { watchFor };
