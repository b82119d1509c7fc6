import { history, join, leave } from "./api.js";
import { CatchUp } from "./catch-up.js";
import { Cursor } from "./cursor.js";
import { HistoryPages } from "./history-pages.js";
import { articles } from "./html.js";
import { divide } from "./marks.js";
import { MessageLog } from "./message-log.js";
import { showOutgoing } from "./outgoing.js";
import { whilePolling } from "./poll.js";
import { Reading } from "./reading.js";
import { Receipts } from "./receipts.js";
import { reload } from "./reload.js";
import { Scroll } from "./scroll.js";
import { socket } from "./socket.js";

const GATHER = 150;
const HEARTBEAT_PATIENCE = 1000;

/** The messages of one room: live, complete and in order. */
class MessageList extends HTMLElement {
  #gone;
  #catchUp;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    const { room, me, revision, readSequence } = this.dataset;
    const scroller = this.querySelector(".messages-scroller");
    const log = this.querySelector(".messages-log");
    this.room = room;
    this.cursor = new Cursor(Number(revision));
    this.messages = new MessageLog(log, me);
    this.messages.hasOlder = this.hasAttribute("data-has-older");
    this.messages.hasNewer = this.hasAttribute("data-has-newer");
    this.messages.refresh();
    this.reader = new Reading(room, Number(readSequence), signal);
    this.view = new Scroll(scroller, log, () => this.#moved(), signal);
    this.pill = this.querySelector(".new-pill");
    this.pill.addEventListener("click", () => this.#toNewest(), { signal });
    divide(log, this.reader.sequence);
    this.#begin();
    const show = (arrived, upTo) => this.#show(arrived, upTo);
    this.#catchUp = new CatchUp({ room, cursor: this.cursor, signal, show, reload: () => reload(this) });
    const reachedEnd = () => this.#begun(history);
    this.pages = new HistoryPages({ room, scroller, messages: this.messages, scroll: this.view, reachedEnd, signal });
    this.#listen(signal);
    showOutgoing(this, signal);
    if (this.closest("[data-kind=direct]")) this.receipts = new Receipts(room, log, signal);
    this.#begun(join);
  }

  disconnectedCallback() {
    this.#gone.abort();
    if (!document.querySelector(`message-list[data-room="${this.room}"]`)) leave(this.room);
  }

  /** Whether the person sees the newest message now. */
  get reading() {
    return !document.hidden && this.view.following && !this.messages.hasNewer;
  }

  #listen(signal) {
    const on = (target, name, handle) => target.addEventListener(name, handle, { signal });
    on(socket, "open", () => this.#begun(join));
    on(socket, "articles", ({ detail }) => this.#live(detail));
    on(socket, "heartbeat", ({ detail }) => this.#heartbeat(detail[this.room]));
    on(document, "chat:sent", ({ detail }) => this.#live(articles(detail.html)));
    on(document, "chat:changed", ({ detail }) => this.#live(articles(detail)));
    on(document, "visibilitychange", () => this.#moved());
    on(document, "chat:midnight", () => this.messages.refresh());
    whilePolling(() => this.#catchUp.run(), signal);
  }

  /** Show where to begin: at the linked message, at the first unread one, else at the newest. */
  #begin() {
    const linked = this.querySelector(`#m-${Number(this.dataset.around)}`) ?? this.querySelector("article:target");
    const divider = this.querySelector(".unread-divider");
    if (this.dataset.around) linked?.setAttribute("data-target", "");
    if (linked) this.view.to(linked, "center");
    else if (divider) this.view.to(divider, "start");
    else this.view.toBottom();
    this.#moved();
  }

  /** Take messages that came by themselves. @param {HTMLElement[]} articlesOfRooms */
  #live(articlesOfRooms) {
    const arrived = articlesOfRooms.filter(({ dataset }) => dataset.room === this.room);
    if (!arrived.length) return;
    for (const article of arrived) this.cursor.apply(Number(article.dataset.revision));
    this.#show(arrived);
    if (this.cursor.hasGap) this.#catchUp.soon(GATHER, () => this.cursor.hasGap);
  }

  #heartbeat(head) {
    const behind = () => this.cursor.isBehind(Number(head));
    if (behind()) this.#catchUp.soon(HEARTBEAT_PATIENCE, behind);
  }

  /** Catch up; what fails now is tried again with the next connection, heartbeat or poll. */
  #begun(ask) {
    this.#catchUp.run(ask).then(() => this.reader.resume(), () => {});
  }

  /** @param {HTMLElement[]} arrived @param {number} [upTo] the revision that the page has with them */
  #show(arrived, upTo = 0) {
    this.cursor.reach(upTo);
    const wasReading = this.reading;
    const shown = this.messages.last;
    const fresh = [];
    for (const article of arrived) {
      if (article.dataset.author === this.dataset.me) cameBack(this.room, article.dataset.clientId);
      const result = this.messages.upsert(article);
      if (result === "added" && Number(article.dataset.sequence) > shown) fresh.push(article);
      if (result === "outside" && this.messages.hasNewer) fresh.push(article);
    }
    if (this.view.following && !this.messages.hasNewer) this.view.toBottom();
    this.dataset.revision = this.cursor.value;
    if (!wasReading && fresh.some((article) => article.dataset.author !== this.dataset.me)) this.#waitingBelow(shown);
    this.#moved();
  }

  /** Let the person know of messages out of sight. @param {number} shown the last one before them */
  #waitingBelow(shown) {
    if (this.reader.sequence >= shown) divide(this.messages.log, this.reader.sequence);
    this.pill.hidden = this.view.following && !this.messages.hasNewer;
  }

  #moved() {
    if (!this.reading) return;
    this.pill.hidden = true;
    this.reader.reached(this.messages.last);
  }

  #toNewest() {
    if (this.messages.hasNewer) return reload(this).catch(() => {});
    this.view.toBottom();
    this.#moved();
  }
}

/** Let the outbox know that a message of this person came back. */
function cameBack(room, clientId) {
  document.dispatchEvent(new CustomEvent("chat:arrived", { detail: { room, client_id: clientId } }));
}

customElements.define("message-list", MessageList);
