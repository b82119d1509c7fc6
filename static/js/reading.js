import { read } from "./api.js";

const PAUSE = 1000;

/** Tells the server how far a room has been read: at most once a second, and never backwards. */
export class Reading {
  #room;
  #told;
  #timer = 0;

  /** @param {string} room @param {number} sequence read so far @param {AbortSignal} signal */
  constructor(room, sequence, signal) {
    this.#room = room;
    this.sequence = this.#told = sequence;
    signal.addEventListener("abort", () => this.#timer && this.#send());
  }

  /** @param {number} sequence */
  reached(sequence) {
    if (sequence <= this.sequence) return;
    this.sequence = sequence;
    document.dispatchEvent(new CustomEvent("chat:read", { detail: { room: this.#room, sequence } }));
    if (!this.#timer) this.#send();
  }

  /** Tell again what could not be told. */
  resume() {
    if (!this.#timer) this.#send();
  }

  #send() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const before = this.#told;
    if (this.sequence <= before) return;
    this.#told = this.sequence;
    this.#timer = setTimeout(() => this.#send(), PAUSE);
    read(this.#room, this.sequence).catch((error) => {
      if (error.passing) this.#told = before;
      clearTimeout(this.#timer);
      this.#timer = 0;
    });
  }
}
