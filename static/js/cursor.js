const FAR = 300;

/** How much of a room's changes a page has seen. It goes on only when nothing lies between. */
export class Cursor {
  #ahead = new Set();

  /** @param {number} value the revision that the page was rendered at */
  constructor(value) {
    this.value = value;
  }

  /**
   * Note a change that arrived by itself, not as the answer to a question.
   * @param {number} revision
   * @returns {"applied" | "gap" | "old"} "gap": show it, but ask for what is missing before it
   */
  apply(revision) {
    if (revision <= this.value) return "old";
    this.#ahead.add(revision);
    const expected = revision === this.value + 1;
    while (this.#ahead.delete(this.value + 1)) this.value += 1;
    return expected ? "applied" : "gap";
  }

  /**
   * Note an answer: everything up to `revision` has been applied.
   * @param {number} revision
   */
  reach(revision) {
    this.value = Math.max(this.value, revision);
    for (const seen of this.#ahead) if (seen <= this.value) this.#ahead.delete(seen);
    while (this.#ahead.delete(this.value + 1)) this.value += 1;
  }

  /** Whether changes are known to be missing. */
  get hasGap() {
    return this.#ahead.size > 0;
  }

  /** @param {number} head the room's latest revision */
  isBehind(head) {
    return head > this.value;
  }

  /** Whether loading the newest page again costs less than catching up. @param {number} head */
  isFarBehind(head) {
    return head - this.value > FAR;
  }
}
