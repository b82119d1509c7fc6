const SILENCE = 45_000;
const STALE = 20_000;

/** Notices when a connection has gone silent: the network may have died without a word. */
export class Pulse {
  heardAt = 0;
  #timer = 0;
  #probe;

  /** @param {() => void} probe asks for a sign of life */
  constructor(probe) {
    this.#probe = probe;
  }

  heard() {
    this.heardAt = Date.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#probe, SILENCE);
  }

  /** Ask now, unless something was heard a moment ago: the device may have slept. */
  check() {
    if (Date.now() - this.heardAt > STALE) this.#probe();
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
