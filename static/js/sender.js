// Takes messages from the composer to the server: one at a time in each room, so that they arrive
// in the order they were written, and again until the server has them.
//
// It tells the document how each entry of the outbox fares: "chat:queued"; "chat:stalled" (not there
// after ten seconds, still tried); "chat:waiting" (the server asks for patience, and gets the message by itself
// a little later); "chat:failed" (with `error`: the server refused it); "chat:sent" (with `html`); "chat:gone". And hears from it: "chat:retry", "chat:discard", and "chat:arrived" when
// a message of this person came back.

import { post } from "./api.js";
import * as outbox from "./outbox.js";
import { socket } from "./socket.js";

const PATIENCE = 10_000;
const AGAIN = 5_000;

class Sender {
  #busy = new Set();
  #patience = new Map();
  #again = 0;
  #sentAt = 0;

  /** Send what earlier pages left behind, now and whenever there may be a way. */
  start() {
    socket.addEventListener("open", () => this.flushAll());
    addEventListener("online", () => this.flushAll());
    addEventListener("storage", (event) => this.#goneElsewhere(event));
    document.addEventListener("chat:retry", ({ detail }) => this.#retry(detail));
    document.addEventListener("chat:discard", ({ detail }) => this.discard(detail));
    document.addEventListener("chat:arrived", ({ detail }) => this.#confirm(detail));
    this.flushAll();
  }

  /**
   * Send a message.
   * @param {string} room
   * @param {string} body
   */
  send(room, body) {
    // Two in the same millisecond keep their order, too.
    this.#sentAt = Math.max(Date.now(), this.#sentAt + 1);
    const entry = { room, client_id: uuid(), body, at: this.#sentAt, state: "pending" };
    outbox.add(entry);
    this.#watch(entry);
    this.#emit("queued", entry);
    this.flush(room);
  }

  /** Give a message up. @param {Entry} entry */
  async discard(entry) {
    await this.#confirm(entry);
    this.#emit("gone", entry);
  }

  /** Send whatever waits, in all rooms. */
  async flushAll() {
    const entries = await outbox.list();
    for (const room of new Set(entries.map((entry) => entry.room))) this.flush(room);
  }

  /** Send what waits in a room, unless that is being done. @param {string} room */
  async flush(room) {
    if (this.#busy.has(room)) return;
    this.#busy.add(room);
    try {
      let entry;
      do entry = (await outbox.list(room)).find(({ state }) => state === "pending");
      while (entry && (await this.#deliver(entry)));
    } finally {
      this.#busy.delete(room);
    }
  }

  /** Post one message; say whether the next may follow. */
  async #deliver(entry) {
    if (!this.#patience.has(entry.client_id)) this.#watch(entry);
    try {
      const html = await post(entry);
      await this.#confirm(entry);
      this.#emit("sent", { ...entry, html });
      return true;
    } catch (error) {
      const wait = error.retryAfter * 1000 || AGAIN;
      if (error.code === "rate_limited") await this.#wait(entry.room, wait);
      if (error.passing) return this.#later(wait);
      clearTimeout(this.#patience.get(entry.client_id));
      await outbox.mark(entry, "failed", error.message);
      this.#emit("failed", { ...entry, state: "failed", error: error.message, field: error.field });
      return true;
    }
  }

  /** Be patient with everything that waits in a room: the server has asked for it. */
  async #wait(room, wait) {
    for (const entry of await outbox.list(room)) {
      if (entry.state !== "pending") continue;
      this.#watch(entry, wait);
      this.#emit("waiting", entry);
    }
  }

  /** Try a failed message again, under the same id. */
  async #retry(entry) {
    await outbox.mark(entry, "pending");
    this.#watch(entry);
    await this.flush(entry.room);
  }

  /** Forget a message that is on the server. */
  async #confirm({ room, client_id }) {
    clearTimeout(this.#patience.get(client_id));
    this.#patience.delete(client_id);
    await outbox.remove(room, client_id);
  }

  #later(wait) {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.flushAll(), wait);
    return false;
  }

  #watch(entry, longer = 0) {
    clearTimeout(this.#patience.get(entry.client_id));
    const timer = setTimeout(() => this.#emit("stalled", entry), PATIENCE + longer);
    this.#patience.set(entry.client_id, timer);
  }

  async #goneElsewhere({ key, oldValue, newValue }) {
    if (!key?.includes(":outbox:") || newValue || !oldValue) return;
    const entry = JSON.parse(oldValue);
    if (entry?.client_id) this.#emit("gone", entry);
  }

  #emit(name, detail) {
    document.dispatchEvent(new CustomEvent(`chat:${name}`, { detail }));
  }
}

/** Return a random UUID, also on pages that did not come over a secure connection. */
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export const sender = new Sender();
