import { remove } from "./api.js";
import { confirmed } from "./confirm.js";
import { copy } from "./copy-button.js";
import { onLongPress } from "./long-press.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

/** The one menu of all messages. */
class MessageMenu extends HTMLElement {
  #gone;
  #article = null;
  #closing = null;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    const on = (name, handle, options) => document.addEventListener(name, handle, { signal, ...options });
    this.menu = this.querySelector(".menu");
    // An automatic one would close again when the finger that opened it is lifted.
    this.menu.popover = "manual";
    // Before htmx follows the link, which is for pages without scripts.
    on("click", (event) => this.#clicked(event), { capture: true });
    on("contextmenu", (event) => this.#asked(event));
    on("pointerdown", (event) => this.#pressed(event));
    on("htmx:before:swap", () => this.#isOpen && this.#close());
    onLongPress(pressable, (article) => this.#open(article), signal);
    on("chat:edit", ({ target, detail }) => edit(target, detail ?? undefined));
    this.menu.addEventListener("click", (event) => this.#chosen(event), { signal });
    this.menu.addEventListener("keydown", (event) => this.#move(event), { signal });
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  #clicked(event) {
    const more = event.target.closest?.(".message-more");
    if (!more || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (this.#closing !== more) this.#open(more.closest("article"));
    this.#closing = null;
  }

  /** The context-menu key, and the long press where the browser reports it; the mouse keeps its own. */
  #asked(event) {
    const article = messageOf(event.target);
    if (!article || event.pointerType === "mouse" || event.target.closest("textarea")) return;
    event.preventDefault();
    if (!this.#isOpen) this.#open(article);
  }

  #pressed({ target }) {
    const outside = this.#isOpen && !this.menu.contains(target);
    if (outside) this.#close();
    // The click that follows would open it once more.
    const more = outside ? target.closest(".message-more") : null;
    this.#closing = more?.closest("article") === this.#article ? more : null;
  }

  #open(article) {
    this.#article = article;
    const own = article.hasAttribute("data-own");
    if (own) prepareEdit();
    const more = article.querySelector(".message-more");
    for (const item of this.menu.querySelectorAll("[data-own], [data-others]")) item.hidden = "own" in item.dataset !== own;
    for (const link of this.menu.querySelectorAll("a")) link.href = more.href + link.dataset.to;
    more.setAttribute("aria-expanded", "true");
    this.menu.showPopover();
    this.#place(article.querySelector(".message-body").getBoundingClientRect(), more.getBoundingClientRect());
    this.#items[0].focus();
  }

  /** Put the menu below its button, or above it, and inside the window. */
  #place(body, more) {
    const { offsetWidth: width, offsetHeight: height } = this.menu;
    const beside = more.width ? more : body;
    const below = beside.bottom + 4 + height < innerHeight ? beside.bottom + 4 : beside.top - 4 - height;
    const left = beside.left + width < innerWidth - 8 ? beside.left : beside.right - width;
    this.menu.style.top = `${Math.min(Math.max(below, 8), innerHeight - height - 8)}px`;
    this.menu.style.left = `${Math.min(Math.max(left, 8), innerWidth - width - 8)}px`;
  }

  get #isOpen() {
    return this.menu.matches(":popover-open");
  }

  get #items() {
    return [...this.menu.querySelectorAll(":is(a, button):not([hidden])")];
  }

  #close() {
    const more = document.querySelector(`#${this.#article.id} .message-more`);
    const hadFocus = this.menu.contains(document.activeElement);
    this.menu.hidePopover();
    more?.removeAttribute("aria-expanded");
    if (hadFocus) more?.focus({ preventScroll: true });
  }

  #move(event) {
    const items = this.#items;
    const here = items.indexOf(document.activeElement);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) {
      if (event.key === "Tab" || event.key === "Escape") this.#close();
      return;
    }
    event.preventDefault();
    items[to % items.length].focus();
  }

  async #chosen(event) {
    const item = event.target.closest("a, button");
    if (!item) return;
    this.#close();
    const { action } = item.dataset;
    if (!action) return;
    // It may have been replaced by a newer revision while the menu was open.
    const article = document.getElementById(this.#article.id);
    if (!article) return;
    if (action === "copy-text") copy(article.querySelector(".message-body").textContent);
    else if (action === "copy-link") copy(article.querySelector(".message-more").href);
    else if (action === "edit") edit(article);
    else if (action === "delete") await deleteMessage(article.dataset);
  }
}

let editing;

/** Few people change what they said: what it takes comes when they are about to. */
async function prepareEdit() {
  try {
    editing ??= await import("./later/message-edit.js");
  } catch {
    // Asked for once more when it is needed.
  }
}

/** At once when it is here: the next key that is pressed is meant for the words. */
function edit(article, words) {
  if (editing) editing.startEdit(article, words);
  else prepareEdit().then(() => (editing ? editing.startEdit(article, words) : toast(t("There is no connection."))));
}

async function deleteMessage({ room, sequence }) {
  if (!(await confirmed(t("Delete this message for everybody?"), t("Delete")))) return;
  try {
    const html = await remove(room, Number(sequence));
    document.dispatchEvent(new CustomEvent("chat:changed", { detail: html }));
  } catch (error) {
    toast(t(error.message));
  }
}

const pressable = (target) => (target.closest("textarea, button") ? null : messageOf(target));

function messageOf(target) {
  const article = target.closest?.("message-list article[data-sequence]");
  return article?.querySelector(".message-more") ? article : null;
}

customElements.define("message-menu", MessageMenu);
