import { fragment } from "./http.js";
import { enliven } from "./html.js";
import { showUnread } from "./badge.js";
import { whilePolling } from "./poll.js";
import { showPresence, watched } from "./presence.js";
import { addUnread, clearUnread, raise, show } from "./room-row.js";
import { socket } from "./socket.js";
import { localise } from "./times.js";
import { parse } from "./trusted-types.js";

const GATHER = 300;
const POLLS = 4;
const CHANGES = new Set(["inbox.changed", "member.joined", "member.left"]);

/** The rooms of the person beside every conversation, kept as it would be loaded anew. */
class RoomList extends HTMLElement {
  #gone;
  #timer = 0;
  // The latest revisions heard of: a list that was fetched before them is fetched again.
  #heard = new Map();

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    const on = (target, name, handle) => target.addEventListener(name, handle, { signal });
    on(socket, "open", () => this.#watch());
    on(socket, "articles", ({ detail }) => detail.forEach((article) => this.#arrived(article)));
    on(document, "chat:sent", ({ detail }) => this.#refetchUnlessKnown(detail.room));
    on(socket, "heartbeat", ({ detail }) => this.#compare(detail));
    on(socket, "notice", ({ detail }) => this.#noticed(detail));
    on(document, "chat:read", ({ detail }) => this.#read(detail.room, detail.sequence));
    on(document, "chat:midnight", () => this.#refresh());
    // Not earlier: htmx sets the title last.
    on(document, "htmx:finally:swap", () => this.#refresh());
    whilePolling((round) => (round % POLLS === 0 ? this.#fetch() : undefined), signal);
    this.#refresh();
    if (socket.connected) this.#watch();
  }

  disconnectedCallback() {
    this.#gone.abort();
    clearTimeout(this.#timer);
  }

  async #watch() {
    try {
      const reply = await socket.request("inbox.watch", {});
      watched(reply);
      const { rooms, unread } = reply;
      this.#compare(rooms);
      if (Array.isArray(unread)) this.#readMeanwhile(new Set(unread));
      if (!this.#searched && Object.keys(rooms).some((room) => !this.#row(room))) this.refetch();
    } catch {
      // The next connection watches again.
    }
  }

  /** Fetch the list again, soon: what changes in one go is fetched once. */
  refetch() {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.#fetch().catch(() => {});
    }, GATHER);
  }

  get #searched() {
    return document.querySelector("[role=search] [name=q]")?.value.trim() ?? "";
  }

  #row(room) {
    return this.querySelector(`li[data-room="${CSS.escape(room)}"]`);
  }

  async #fetch() {
    const query = this.#searched;
    const html = await fragment(`/rooms/${query ? `?${new URLSearchParams({ q: query })}` : ""}`);
    // The person has typed on: htmx brings what they look for now.
    if (!this.isConnected || query !== this.#searched) return;
    const focused = this.contains(document.activeElement) && document.activeElement.closest("li")?.dataset.room;
    this.replaceChildren(...parse(html).body.childNodes);
    enliven(this);
    this.#refresh();
    if (focused) this.#row(focused)?.querySelector("a")?.focus({ preventScroll: true });
    this.#compare(Object.fromEntries(this.#heard));
  }

  #arrived(article) {
    const { room, author } = article.dataset;
    const [sequence, revision] = [Number(article.dataset.sequence), Number(article.dataset.revision)];
    if (revision <= (this.#heard.get(room) ?? 0)) return;
    const row = this.#row(room);
    if (row && revision <= Number(row.dataset.revision)) return;
    this.#heard.set(room, revision);
    // A message is born with its sequence as revision; an edited one may or may not be the last.
    if (!row || sequence !== revision) return this.refetch();
    const own = author === this.dataset.me;
    row.dataset.revision = revision;
    show(row, article, own);
    if (own || document.querySelector(`message-list[data-room="${room}"]`)?.reading) clearUnread(row);
    else addUnread(row);
    raise(row);
    showUnread(this);
  }

  #refetchUnlessKnown(room) {
    if (!socket.connected || !this.#row(room)) this.refetch();
  }

  #compare(revisions) {
    for (const [room, revision] of Object.entries(revisions)) {
      const row = this.#row(room);
      if (row && Number(revision) > Number(row.dataset.revision)) this.refetch();
    }
  }

  #noticed({ notice, room, sequence }) {
    if (notice === "read") this.#read(room, Number(sequence));
    else if (notice === "sharing.changed") this.#watch();
    else if (notice === "member.left" && document.getElementById("main")?.dataset.room === room) location.assign("/");
    else if (CHANGES.has(notice)) this.refetch();
  }

  /** Forget counts of what was read while the page was on its way. @param {Set<string>} unread rooms */
  #readMeanwhile(unread) {
    for (const row of this.querySelectorAll("li[data-room]:has(.unread)")) if (!unread.has(row.dataset.room)) clearUnread(row);
    showUnread(this);
  }

  #read(room, sequence) {
    const row = this.#row(room);
    if (!row?.querySelector(".unread")) return;
    // After an edit the revision says nothing about the last message.
    if (sequence >= Number(row.dataset.revision) || document.querySelector(`message-list[data-room="${room}"]`)?.reading) clearUnread(row);
    else this.refetch();
    showUnread(this);
  }

  /** Mark what the server may not have known when it wrote the list. */
  #refresh() {
    const open = document.getElementById("main")?.dataset.room;
    for (const link of this.querySelectorAll("a.room-row")) {
      if (link.closest("li").dataset.room === open) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    localise(this);
    showUnread(this);
    showPresence();
  }
}

customElements.define("room-list", RoomList);
