// The one socket of a page. It outlives the parts of the page that htmx swaps.
//
// Events: "state"; "open"; "articles" (detail: elements); "heartbeat" (detail: revisions by room);
// "notice" (detail: the frame). The document is told of the session's end, "chat:signed-out", and that the
// person may do other things than before, "chat:access-changed".

import { asked, Schedule } from "./backoff.js";
import { Calls } from "./calls.js";
import { RequestError } from "./errors.js";
import { readFrame, skip } from "./html.js";
import { Pulse } from "./pulse.js";

const PATIENCE = 10_000;
const SIGN_IN_AGAIN = 4001;
const ACCESS_CHANGED = 4003;

class Connection extends EventTarget {
  /** @type {"connecting" | "connected" | "disconnected" | "error" | "polling"} */
  state = "connecting";
  connected = false;
  /** Attempts in a row that never opened. */
  misses = 0;
  #schedule = new Schedule();
  #calls = new Calls();
  #socket = null;
  #moved = "";
  #reachable = null;
  // When no answer comes, the question itself ends the connection.
  #pulse = new Pulse(() => this.request("ping", {}).catch(() => {}));

  /** Connect, and stay connected for as long as the page lives. */
  start() {
    addEventListener("online", () => this.revive());
    addEventListener("offline", () => this.#offline());
    addEventListener("pageshow", (event) => event.persisted && this.revive());
    document.addEventListener("visibilitychange", () => document.hidden || this.revive());
    this.#connect();
  }

  /** Go to another address; it takes turns with the page's own while it does not answer. @param {string} url */
  move(url) {
    if (!url || url === document.documentElement.dataset.ws) return;
    const before = this.#socket;
    this.#moved = url;
    try {
      this.#connect();
    } catch {
      this.#moved = "";
      return;
    }
    before?.close();
    this.connected = false;
    this.#calls.abandon();
    this.#changed();
  }

  /** When the next attempt is made, in milliseconds; 0 when none is planned. */
  get retryAt() {
    return this.#schedule.at;
  }

  /** Try at once, with the whole schedule ahead; a connection that is up is asked for a sign of life. */
  revive() {
    if (this.connected) this.#pulse.check();
    if (this.#socket) return;
    this.#schedule.reset();
    this.#connect();
  }

  /**
   * Ask the server something.
   * @param {string} action
   * @param {object} payload
   * @returns {Promise<object>} the reply; rejected with a RequestError
   */
  request(action, payload) {
    if (!this.connected) return Promise.reject(new RequestError("offline"));
    const socket = this.#socket;
    const askedAt = Date.now();
    const late = () => {
      // Nothing at all since: the connection is dead, whatever the browser believes.
      if (this.#pulse.heardAt < askedAt) this.#closed(socket, 0);
    };
    return this.#calls.ask((frame) => socket.send(frame), { ...payload, action }, late).catch((refusal) => {
      throw new RequestError(refusal.code, refusal);
    });
  }

  /** Hear whether the server answers over HTTP while the socket is away. @param {boolean} answers */
  polled(answers) {
    const back = answers && this.#reachable === false;
    this.#reachable = answers;
    if (back) this.revive();
    // With HTTP the page works on, and the socket may be let through one day.
    else if (answers && !this.#socket && !this.retryAt) this.#plan();
    this.#changed();
  }

  #connect() {
    this.#schedule.stop();
    const url = new URL((this.misses % 2 === 0 && this.#moved) || document.documentElement.dataset.ws, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = (this.#socket = new WebSocket(url, ["chatscape.html"]));
    setTimeout(() => socket.readyState === WebSocket.CONNECTING && this.#closed(socket, 0), PATIENCE);
    const on = (name, handle) => socket.addEventListener(name, (event) => socket === this.#socket && handle(event));
    on("open", () => this.#opened());
    on("message", ({ data }) => this.#receive(data));
    on("close", ({ code, reason }) => this.#closed(socket, code, reason));
    this.#changed();
  }

  #opened() {
    this.connected = true;
    this.misses = 0;
    this.#reachable = null;
    this.#schedule.reset();
    this.#pulse.heard();
    this.#changed();
    this.dispatchEvent(new Event("open"));
  }

  #closed(socket, code, reason = "") {
    if (socket !== this.#socket) return;
    this.#socket = null;
    socket.close();
    this.#pulse.stop();
    this.misses = this.connected ? 0 : this.misses + 1;
    this.connected = false;
    this.#calls.abandon();
    if (code === SIGN_IN_AGAIN) document.dispatchEvent(new Event("chat:signed-out"));
    if (code === ACCESS_CHANGED) document.dispatchEvent(new Event("chat:access-changed"));
    const wait = asked(reason);
    if (wait === undefined) this.#plan();
    else this.#schedule.obey(() => this.#connect(), wait);
    this.#changed();
  }

  #plan() {
    this.#schedule.plan(() => this.#connect(), this.#reachable === true);
  }

  #offline() {
    this.#reachable = null;
    if (this.#socket) this.#closed(this.#socket, 0);
    else this.#changed();
  }

  #receive(data) {
    this.#pulse.heard();
    const frame = readFrame(data);
    if (frame.articles) this.#emit("articles", frame.articles);
    else if (frame.heartbeat) this.#emit("heartbeat", frame.heartbeat);
    else if (frame.notice) this.#emit("notice", frame);
    else if (Array.isArray(frame.notices)) for (const notice of frame.notices) this.#emit("notice", Object(notice));
    else if (frame.ref !== undefined) this.#calls.settle(frame);
    else skip(data);
  }

  #changed() {
    if (this.connected) this.state = "connected";
    else if (this.#schedule.spent) this.state = "error";
    else if (this.#reachable && this.misses > 1) this.state = "polling";
    else this.state = this.#socket ? "connecting" : "disconnected";
    this.dispatchEvent(new Event("state"));
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export const socket = new Connection();
