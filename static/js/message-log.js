// The articles of one room on the page: each once, in the order of their sequence, the newest
// revision of each; those still on their way at the end.

import { enliven } from "./html.js";
import { mark, markAll, neighbour, takeOut } from "./marks.js";
import { Outside } from "./outside.js";
import { pendingArticle, showState } from "./pending-message.js";
import { localise } from "./times.js";

export class MessageLog {
  /** Whether the room goes on before the first, and after the last message shown. */
  hasOlder = false;
  hasNewer = false;
  #outside = new Outside();

  /** @param {HTMLElement} log @param {string} me */
  constructor(log, me) {
    this.log = log;
    this.me = me;
  }

  get first() {
    return sequenceOf(this.log.querySelector("article[data-sequence]"));
  }

  get last() {
    return sequenceOf(this.#lastArticle());
  }

  /** Finish what the server rendered. */
  refresh() {
    const articles = [...this.log.querySelectorAll("article[data-sequence]")];
    for (const article of articles) article.toggleAttribute("data-own", article.dataset.author === this.me);
    localise(this.log);
    markAll(articles);
  }

  /**
   * Show a message, or a newer revision of one.
   * @param {HTMLElement} article
   * @returns {"added" | "changed" | "old" | "outside"}
   */
  upsert(article) {
    const sequence = sequenceOf(article);
    const shown = this.find(sequence);
    this.removePending(article.dataset.clientId);
    if (shown) return this.#replace(shown, article);
    if (this.#isOutside(sequence)) {
      this.#outside.keep(sequence, article);
      return "outside";
    }
    this.#adopt(article);
    this.#insert(article, sequence);
    return "added";
  }

  /**
   * Add a page of history at one of the ends.
   * @param {HTMLElement[]} page in order
   * @param {"hasOlder" | "hasNewer"} end
   * @param {boolean} more whether the room goes on there
   */
  extend(page, end, more) {
    // Taken as inside for this moment; from the newest, so that each finds its place at once.
    this[end] = false;
    for (const article of end === "hasOlder" ? page.toReversed() : page) this.upsert(article);
    this[end] = more;
    for (const article of this.#outside.take((sequence) => !this.#isOutside(sequence))) this.upsert(article);
  }

  /** @param {number} sequence @returns {HTMLElement | null} */
  find(sequence) {
    return this.log.querySelector(`#m-${sequence}`);
  }

  /**
   * Show a message that is on its way, or how it fares.
   * @param {Entry} entry
   * @param {"sending" | "waiting" | "failed"} state
   */
  showPending(entry, state) {
    if (this.hasClientId(entry.client_id)) return;
    showState(this.#pending(entry.client_id) ?? this.#append(entry), entry, state);
  }

  /** Whether a message has arrived. @param {string} clientId */
  hasClientId(clientId) {
    return this.log.querySelector(`[data-sequence][data-client-id="${CSS.escape(clientId)}"]`) !== null;
  }

  /** @param {string} clientId */
  removePending(clientId) {
    const article = this.#pending(clientId);
    if (article) takeOut(article);
  }

  #append(entry) {
    const article = pendingArticle(entry, this.me);
    this.log.append(article);
    localise(article);
    mark(article);
    return article;
  }

  #pending(clientId) {
    return clientId ? this.log.querySelector(`#c-${CSS.escape(clientId)}`) : null;
  }

  #replace(shown, article) {
    if (Number(shown.dataset.revision) >= Number(article.dataset.revision)) return "old";
    this.#adopt(article);
    const hadFocus = shown.contains(document.activeElement);
    const typed = shown.querySelector(".message-edit textarea")?.value;
    shown.replaceWith(article);
    mark(article);
    if (typed !== undefined && !article.hasAttribute("data-deleted")) article.dispatchEvent(new CustomEvent("chat:edit", { bubbles: true, detail: typed }));
    else if (hadFocus) article.querySelector("a")?.focus({ preventScroll: true });
    return "changed";
  }

  #adopt(article) {
    article.toggleAttribute("data-own", article.dataset.author === this.me);
    localise(article);
    enliven(article);
  }

  #isOutside(sequence) {
    const { first, last } = this;
    return first > 0 && ((this.hasOlder && sequence < first) || (this.hasNewer && sequence > last));
  }

  #lastArticle() {
    let last = this.log.lastElementChild;
    while (last && !last.matches("article[data-sequence]")) last = neighbour(last, "previousElementSibling");
    return last;
  }

  #insert(article, sequence) {
    // Nearly always it belongs at one of the ends.
    let before = sequence < this.first ? null : this.#lastArticle();
    while (before && sequenceOf(before) > sequence) before = neighbour(before, "previousElementSibling");
    const first = this.log.querySelector("article");
    if (before) before.after(article);
    else if (first) first.before(article);
    else this.log.append(article);
    mark(article);
  }
}

const sequenceOf = (article) => Number(article?.dataset.sequence ?? 0);
