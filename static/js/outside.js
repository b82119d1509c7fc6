const MOST = 1000;

/** Changes of messages that a list does not show yet: a page fetched before them must not bring back the past. */
export class Outside {
  #kept = new Map();

  /** @param {number} sequence @param {HTMLElement} article */
  keep(sequence, article) {
    const kept = this.#kept.get(sequence);
    if (!kept || Number(kept.dataset.revision) < Number(article.dataset.revision)) this.#kept.set(sequence, article);
    if (this.#kept.size > MOST) this.#kept.delete(this.#kept.keys().next().value);
  }

  /**
   * Hand over those that belong to what is shown by now.
   * @param {(sequence: number) => boolean} shown
   * @returns {HTMLElement[]}
   */
  take(shown) {
    const taken = [...this.#kept].filter(([sequence]) => shown(sequence));
    for (const [sequence] of taken) this.#kept.delete(sequence);
    return taken.map(([, article]) => article);
  }
}
