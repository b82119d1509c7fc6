// Loads earlier messages when the reader comes near the top, and later ones near the bottom of a
// view that does not end with the newest.

import { history } from "./api.js";
import { articles, element } from "./html.js";

const AHEAD = "800px 0px";

export class HistoryPages {
  #older;
  #newer = element("div", { class: "newer", "aria-hidden": "true" });
  #loading = false;
  #observer;

  /**
   * @param {{room: string, scroller: HTMLElement, messages: MessageLog,
   *   scroll: Scroll, reachedEnd: () => void, signal: AbortSignal}} view
   */
  constructor(view) {
    Object.assign(this, view);
    this.#older = this.scroller.querySelector(".older");
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), { root: this.scroller, rootMargin: AHEAD });
    this.signal.addEventListener("abort", () => this.#observer.disconnect());
    this.#older?.addEventListener("click", (event) => this.#clicked(event), { capture: true, signal: this.signal });
    if (this.messages.hasNewer) this.messages.log.after(this.#newer);
    this.#observe();
  }

  #observe() {
    // Observing anew reports what is still in sight: short pages load until the view is full.
    this.#observer.disconnect();
    if (this.messages.hasOlder && this.#older) this.#observer.observe(this.#older);
    if (this.messages.hasNewer) this.#observer.observe(this.#newer);
  }

  #seen(entries) {
    for (const { isIntersecting, target } of entries) if (isIntersecting) this.#load(target === this.#newer);
  }

  #clicked(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#load(false);
  }

  async #load(newer) {
    if (this.#loading) return;
    this.#loading = true;
    const { messages, room } = this;
    try {
      const page = await history(room, newer ? { after: messages.last } : { before: messages.first });
      if (this.signal.aborted) return;
      this.#show(articles(page.html), newer, page.more);
      this.#loading = false;
      this.#observe();
    } catch {
      // The link is still there; the next scroll or click tries again.
      this.#loading = false;
    }
  }

  #show(page, newer, more) {
    const { messages } = this;
    // Only what is new is for screen readers to announce.
    messages.log.setAttribute("aria-live", "off");
    const first = messages.find(messages.first);
    const change = () => {
      messages.extend(page, newer ? "hasNewer" : "hasOlder", more);
      // In the same step: what is read must not move when the link above it goes.
      if (!messages.hasOlder) this.#older?.remove();
    };
    if (newer) change();
    else this.scroll.keeping(first, change);
    setTimeout(() => messages.log.setAttribute("aria-live", "polite"), 500);
    if (this.#older) this.#older.search = `?before=${messages.first}`;
    if (!messages.hasNewer) this.#newer.remove();
    if (newer && !more) this.reachedEnd();
  }
}
