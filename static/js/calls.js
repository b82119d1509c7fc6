const PATIENCE = 10_000;

/** Requests over a socket that wait for their replies. */
export class Calls {
  #waiting = new Map();
  #ref = 0;

  /**
   * Send a request.
   * @param {(frame: string) => void} send
   * @param {object} payload
   * @param {() => void} late called when no reply came in time
   * @returns {Promise<object>} the reply; rejected with what the protocol says of an error
   */
  ask(send, payload, late) {
    const ref = (this.#ref += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ref);
        reject({ code: "timeout" });
        late();
      }, PATIENCE);
      this.#waiting.set(ref, { resolve, reject, timer });
      send(JSON.stringify({ ...payload, ref }));
    });
  }

  /**
   * Take a reply.
   * @param {{ref: unknown, status?: string, code?: string}} frame
   * @returns {boolean} whether somebody waited for it
   */
  settle(frame) {
    const call = this.#waiting.get(frame.ref);
    if (!call) return false;
    this.#waiting.delete(frame.ref);
    clearTimeout(call.timer);
    if (frame.status === "ok") call.resolve(frame);
    else call.reject(frame);
    return true;
  }

  /** Give all up: the connection they went over is gone. */
  abandon() {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject({ code: "offline" });
    }
    this.#waiting.clear();
  }
}
