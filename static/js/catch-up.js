import { history } from "./api.js";
import { articles } from "./html.js";

/** Brings a page level with a room after it missed something, whatever it was and however much. */
export class CatchUp {
  #view;
  #running = false;
  #next = null;
  #timers = new Map();

  /**
   * @param {{room: string, cursor: Cursor, signal: AbortSignal,
   *   show: (articles: HTMLElement[], revision: number) => void, reload: () => Promise<void>}} view
   */
  constructor(view) {
    this.#view = view;
  }

  /**
   * Catch up after a while, if it is still needed then.
   * @param {number} wait in milliseconds
   * @param {() => boolean} needed
   */
  soon(wait, needed) {
    if (this.#timers.has(wait)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(wait);
      if (!this.#view.signal.aborted && needed()) this.run().catch(() => {});
    }, wait);
    this.#timers.set(wait, timer);
  }

  /**
   * Ask for what is missing until there is no more. One at a time; a further wish is granted after.
   * @param {typeof history} [ask] the first question: `join` also asks to hear the room from now on
   */
  async run(ask = history) {
    if (this.#running) {
      if (this.#next === null || ask !== history) this.#next = ask;
      return;
    }
    this.#running = true;
    try {
      await this.#all(ask);
    } finally {
      this.#running = false;
    }
    const next = this.#next;
    this.#next = null;
    if (next && !this.#view.signal.aborted) await this.run(next);
  }

  async #all(first) {
    const { room, cursor, signal, show, reload } = this.#view;
    let ask = first;
    for (let more = true; more; ask = history) {
      const since = cursor.value;
      const page = await ask(room, { since });
      if (signal.aborted) return;
      if (cursor.isFarBehind(page.head)) return reload();
      show(articles(page.html), page.revision);
      more = page.more && page.revision > since;
    }
  }
}
