import { element } from "./html.js";
import { t } from "./text.js";

const standalone = matchMedia("(display-mode: standalone), (display-mode: minimal-ui)");
// Browsers offer it once, maybe before the element is there.
let offer = null;
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  document.dispatchEvent(new Event("chat:installable"));
});
addEventListener("appinstalled", () => {
  offer = null;
  document.dispatchEvent(new Event("chat:installable"));
});

/** Installs the app where the browser offers it; else leads to how it is done, or says why it cannot be. */
class InstallButton extends HTMLElement {
  #gone;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    this.querySelector("button").addEventListener("click", () => this.#install(), { signal });
    document.addEventListener("chat:installable", () => this.#show(), { signal });
    standalone.addEventListener("change", () => this.#show(), { signal });
    this.#show();
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  get #onSteps() {
    return location.pathname === "/install/";
  }

  #show() {
    this.hidden = standalone.matches || navigator.standalone === true || (this.#onSteps && !offer);
    if (this.#onSteps) showSteps(offer !== null);
  }

  async #install() {
    if (!offer) return location.assign("/install/");
    const asked = offer;
    await asked.prompt();
    const { outcome } = await asked.userChoice;
    // An offer can be used once.
    if (outcome === "accepted" || offer === asked) offer = null;
    this.#show();
  }
}

/** Open the steps for this browser, and say what stands in the way. */
async function showSteps(offered) {
  const browser = thisBrowser();
  for (const steps of document.querySelectorAll("[data-browser]")) {
    const mine = steps.dataset.browser.split(" ").includes(browser);
    if (steps.matches("details")) steps.open = mine;
    steps.toggleAttribute("data-mine", mine);
  }
  const place = document.querySelector("#install-reason, .insecure");
  if (!place || offered) return;
  const reason = standalone.matches ? t("ChatScape is installed: this is it.") : await obstacle();
  place.hidden = !reason;
  if (reason) place.replaceChildren(element("span", {}, reason));
}

/** Say why installing is impossible here; "" when it is not. */
async function obstacle() {
  if (!isSecureContext) return t("This page did not come over a secure connection (https), so browsers do not offer to install it.");
  if (!("serviceWorker" in navigator)) return t("This window keeps nothing, as private windows do: open ChatScape in an ordinary window to install it.");
  const registration = await navigator.serviceWorker.getRegistration().catch(() => undefined);
  return registration ? "" : t("This browser does not let ChatScape keep anything on this device, as in private windows, so it cannot be installed here.");
}

function thisBrowser() {
  const agent = navigator.userAgent;
  const apple = /iPhone|iPad/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1);
  if (apple) return "safari-ios";
  const android = /Android/.test(agent);
  if (/Firefox\//.test(agent)) return android ? "firefox-android" : "firefox";
  if (/Chrom(e|ium)\//.test(agent)) return android ? "chrome-android" : "chrome";
  return /Safari\//.test(agent) ? "safari-mac" : "other";
}

customElements.define("install-button", InstallButton);
