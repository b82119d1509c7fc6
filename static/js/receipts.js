import { join } from "./api.js";
import { element } from "./html.js";
import { socket } from "./socket.js";
import { t } from "./text.js";

/** Marks which of one's own messages in a direct room the other has seen. */
export class Receipts {
  #room;
  #log;
  /** The sequence up to which they have read; 0 when that is not shown. */
  #seen = 0;
  #word = element("span", { class: "message-seen", "aria-live": "off" }, t("Seen"));

  /** @param {string} room @param {HTMLElement} log @param {AbortSignal} signal */
  constructor(room, log, signal) {
    this.#room = room;
    this.#log = log;
    document.addEventListener("chat:seen", ({ detail }) => this.#joined(detail), { signal });
    socket.addEventListener("notice", ({ detail }) => this.#noticed(detail), { signal });
    const observer = new MutationObserver(() => this.#mark());
    observer.observe(log, { childList: true });
    signal.addEventListener("abort", () => observer.disconnect());
  }

  #joined({ room, sequence }) {
    if (room === this.#room) this.#show(Number(sequence) || 0);
  }

  #noticed({ notice, room, sequence }) {
    if (notice === "receipt.changed" && room === this.#room && sequence > this.#seen) this.#show(Number(sequence) || 0);
    else if (notice === "sharing.changed") join(this.#room, {}).catch(() => {});
  }

  #show(sequence) {
    if (sequence < this.#seen) for (const article of this.#log.querySelectorAll("[data-seen]")) article.removeAttribute("data-seen");
    this.#seen = sequence;
    this.#mark();
  }

  #mark() {
    for (const article of this.#log.querySelectorAll("[data-own][data-sequence]:not([data-seen])")) {
      article.toggleAttribute("data-seen", Number(article.dataset.sequence) <= this.#seen);
    }
    const last = [...this.#log.querySelectorAll("[data-seen]:not([data-deleted])")].at(-1)?.querySelector(".message-meta");
    if (!last) this.#word.remove();
    else if (this.#word.parentElement !== last) last.append(this.#word);
  }
}
