import { element } from "./html.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const SHOWN = 2000;

/**
 * Copy a text. @param {string} text @returns {Promise<boolean>} whether it worked
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copyOldWay(text)) {
      toast(t("This could not be copied."));
      return false;
    }
  }
  toast(t("Copied"));
  return true;
}

/** Pages that did not come over a secure connection have no clipboard. */
function copyOldWay(text) {
  const { activeElement } = document;
  const box = element("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  box.value = text;
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  activeElement?.focus?.({ preventScroll: true });
  return done;
}

/** A button that copies `data-text`. */
class CopyButton extends HTMLElement {
  #gone;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    this.querySelector("button").addEventListener("click", () => this.#copy(), { signal });
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  async #copy() {
    if (!(await copy(this.dataset.text))) return;
    const words = this.querySelector("button span:last-child") ?? this.querySelector("button");
    const before = words.dataset.words ?? (words.dataset.words = words.textContent);
    words.textContent = t("Copied");
    setTimeout(() => (words.textContent = before), SHOWN);
  }
}

customElements.define("copy-button", CopyButton);
