import { element } from "./html.js";
import { socket } from "./socket.js";
import { t } from "./text.js";

/** Says how live the page is, and lets the person reconnect when it has given up. */
class ConnectionStatus extends HTMLElement {
  #gone;
  #tick = 0;
  #words = element("span");
  // Only for the eye: a screen reader would read every second aloud.
  #countdown = element("span", { "aria-hidden": "true" });

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    this.pill = this.querySelector("[role=status]");
    this.pill.replaceChildren(this.#words, this.#countdown);
    this.button = this.querySelector("button");
    this.button.addEventListener("click", () => socket.revive(), { signal });
    socket.addEventListener("state", () => this.#show(), { signal });
    for (const name of ["online", "offline"]) addEventListener(name, () => this.#show(), { signal });
    this.#show();
  }

  disconnectedCallback() {
    this.#gone.abort();
    clearInterval(this.#tick);
  }

  #show() {
    const { state } = socket;
    const words = this.#text(state);
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.pill.dataset.state = state;
    this.button.hidden = state !== "error";
    clearInterval(this.#tick);
    if (state === "disconnected") this.#tick = setInterval(() => this.#count(), 1000);
    this.#count();
  }

  #count() {
    const left = Math.ceil((socket.retryAt - Date.now()) / 1000);
    const counting = socket.state === "disconnected" && navigator.onLine && left > 0;
    this.#countdown.textContent = counting ? ` ${t("Reconnecting in {left} s", { left })}` : "";
  }

  #text(state) {
    if (state === "connected") return t("Connected");
    if (state === "polling") return t("Live updates are slow: checking every few seconds");
    if (!navigator.onLine) return t("You are offline");
    if (state === "connecting") return t("Connecting");
    return state === "error" ? t("Connection error") : t("Disconnected");
  }
}

customElements.define("connection-status", ConnectionStatus);
