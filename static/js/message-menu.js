import { remove } from "./api.js";
import { confirmed } from "./confirm.js";
import { copy } from "./copy-button.js";
import { startEdit } from "./message-edit.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const LONG_PRESS = 500;
const SLIP = 10;

/** The one menu of all messages. */
class MessageMenu extends HTMLElement {
  #gone;
  #press = 0;
  #article = null;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    const on = (name, handle, options) => document.addEventListener(name, handle, { signal, ...options });
    this.menu = this.querySelector(".menu");
    // Before htmx follows the link, which is for pages without scripts.
    on("click", (event) => this.#clicked(event), { capture: true });
    on("contextmenu", (event) => this.#asked(event));
    on("pointerdown", (event) => this.#pressed(event));
    for (const name of ["pointerup", "pointercancel", "scroll"]) on(name, () => clearTimeout(this.#press), { capture: true, passive: true });
    on("pointermove", (event) => this.#slipped(event), { passive: true });
    on("chat:edit", ({ target, detail }) => startEdit(target, detail ?? undefined));
    this.menu.addEventListener("click", (event) => this.#chosen(event), { signal });
    this.menu.addEventListener("keydown", (event) => this.#move(event), { signal });
    this.menu.addEventListener("toggle", (event) => event.newState === "closed" && this.#closed(), { signal });
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  #clicked(event) {
    const more = event.target.closest?.(".message-more");
    if (!more || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#open(more.closest("article"));
  }

  /** The context-menu key, and the long press where the browser reports it; the mouse keeps its own. */
  #asked(event) {
    const article = messageOf(event.target);
    if (!article || event.pointerType === "mouse" || event.target.closest("textarea")) return;
    event.preventDefault();
    clearTimeout(this.#press);
    if (!this.menu.matches(":popover-open")) this.#open(article);
  }

  #pressed(event) {
    const article = messageOf(event.target);
    if (!article || event.pointerType !== "touch" || event.target.closest("textarea, button")) return;
    this.start = [event.clientX, event.clientY];
    this.#press = setTimeout(() => this.#open(article), LONG_PRESS);
  }

  #slipped(event) {
    if (this.start && Math.hypot(event.clientX - this.start[0], event.clientY - this.start[1]) > SLIP) clearTimeout(this.#press);
  }

  #open(article) {
    this.#article = article;
    for (const item of this.menu.querySelectorAll("[data-own]")) item.hidden = !article.hasAttribute("data-own");
    const more = article.querySelector(".message-more");
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

  get #items() {
    return [...this.menu.querySelectorAll("button:not([hidden])")];
  }

  #closed() {
    const more = document.querySelector(`#${this.#article.id} .message-more`);
    more?.removeAttribute("aria-expanded");
    const lost = document.activeElement === document.body || this.menu.contains(document.activeElement);
    if (lost) more?.focus({ preventScroll: true });
  }

  #move(event) {
    const items = this.#items;
    const here = items.indexOf(document.activeElement);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) {
      if (event.key === "Tab") this.menu.hidePopover();
      return;
    }
    event.preventDefault();
    items[to % items.length].focus();
  }

  async #chosen(event) {
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (!action) return;
    this.menu.hidePopover();
    // It may have been replaced by a newer revision while the menu was open.
    const article = document.getElementById(this.#article.id);
    if (!article) return;
    if (action === "copy-text") copy(article.querySelector(".message-body").textContent);
    else if (action === "copy-link") copy(article.querySelector(".message-more").href);
    else if (action === "edit") startEdit(article);
    else if (action === "delete") await deleteMessage(article.dataset);
  }
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

function messageOf(target) {
  const article = target.closest?.("message-list article[data-sequence]");
  return article?.querySelector(".message-more") ? article : null;
}

customElements.define("message-menu", MessageMenu);
