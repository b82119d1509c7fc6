import { erase, read, write } from "./storage.js";
import { sender } from "./sender.js";
import { element } from "./html.js";
import { t } from "./text.js";
import { sent, typed } from "./typing.js";

const MOST = 4000;
const NEARLY = 3600;
const DOUBLE = 1000;
const LINES = 8;

/** Where one writes. What is written here is never lost: it is a draft until it is in the outbox. */
class ChatComposer extends HTMLElement {
  #gone;
  #sentAt = 0;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    this.room = this.dataset.room;
    this.form = this.querySelector("form");
    this.box = this.form.elements.namedItem("body");
    this.error = this.querySelector("#body-error");
    // Refused by the server when it came as a plain form; the draft is what the server sent back.
    if (!this.box.value) this.box.value = read(this.#key) ?? "";
    this.form.addEventListener("submit", (event) => this.#submit(event), { capture: true, signal });
    this.box.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    this.box.addEventListener("input", () => this.#typed(), { signal });
    document.addEventListener("chat:failed", ({ detail }) => this.#refused(detail), { signal });
    this.#fit();
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  get #key() {
    return `draft:${this.room}`;
  }

  #submit(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    const body = this.box.value;
    if (body.trim()) return this.#send(body);
    // The second click of a double click is no mistake of the person.
    if (Date.now() - this.#sentAt > DOUBLE) this.#say(t("message is empty"));
    this.box.focus();
  }

  #send(body) {
    this.#sentAt = Date.now();
    sender.send(this.room, body);
    sent(this.room);
    this.#fill("");
    this.box.focus();
  }

  /** Give a refused message back, unless the person has begun the next: then it stays in the list. */
  #refused(entry) {
    if (entry.room !== this.room || entry.field !== "body" || this.box.value) return;
    sender.discard(entry);
    this.#fill(entry.body);
    this.#say(t(entry.error));
  }

  #fill(text) {
    this.box.value = text;
    this.#changed();
  }

  #typed() {
    this.#changed();
    if (this.box.value.trim()) typed(this.room);
  }

  #changed() {
    this.#say("");
    if (this.box.value) write(this.#key, this.box.value);
    else erase(this.#key);
    this.#fit();
    this.#count();
  }

  #say(words) {
    this.error.textContent = words;
    this.box.toggleAttribute("aria-invalid", Boolean(words));
    if (words) this.box.setAttribute("aria-invalid", "true");
  }

  #pressed(event) {
    if (event.key === "ArrowUp" && !this.box.value) return this.#editLast(event);
    // While an input method composes, Enter chooses a word. Safari says so only by its key code.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    const touch = matchMedia("(pointer: coarse)").matches && !event.ctrlKey && !event.metaKey;
    if (event.shiftKey || event.altKey || touch) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #editLast(event) {
    const mine = document.querySelectorAll(`message-list[data-room="${this.room}"] [data-own][data-sequence]:not([data-deleted])`);
    const last = [...mine].at(-1);
    if (!last) return;
    event.preventDefault();
    last.dispatchEvent(new Event("chat:edit", { bubbles: true }));
  }

  /** Grow with what is written, where CSS cannot. */
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    const { style } = this.box;
    style.height = "auto";
    const most = LINES * (Number.parseFloat(getComputedStyle(this.box).lineHeight) || 24);
    style.height = `${Math.min(this.box.scrollHeight + this.box.offsetHeight - this.box.clientHeight, most + 24)}px`;
  }

  #count() {
    let counter = this.querySelector(".counter");
    const { length } = this.box.value;
    if (length < NEARLY) return counter?.remove();
    if (!counter) this.error.before((counter = element("p", { class: "counter", role: "status" })));
    counter.textContent = t("{left} characters left", { left: MOST - length });
  }
}

customElements.define("chat-composer", ChatComposer);
