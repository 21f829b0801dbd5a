// @ts-check
// How long a page waits for the kernel before it asks whether it has missed something.

const QUIET_MS = 5000;
const LONGEST_MS = 60_000;

class Patience {
  constructor() {
    this.since = performance.now();
    this.wait = QUIET_MS;
  }

  /**
   * Begin to wait again, now that the kernel has said something.
   *
   * @param {number} [wait] in milliseconds
   */
  heard(wait = QUIET_MS) {
    this.since = performance.now();
    this.wait = wait;
  }

  /** Tell whether it is time to ask; after each time the wait doubles. */
  isOver() {
    if (performance.now() < this.since + this.wait) return false;
    // A kernel that hears nothing while a cell runs would answer all questions at once.
    this.heard(Math.min(2 * this.wait, LONGEST_MS));
    return true;
  }
}

export { Patience };
