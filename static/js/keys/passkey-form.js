import { t } from "../text.js";

/**
 * A form that is sent with the answer of a passkey. What the passkey is asked stands in `data-question`, or is
 * fetched from `data-from` when it is needed; `data-make` makes a new one.
 */
class PasskeyForm extends HTMLElement {
  #gone;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    this.querySelector("form").addEventListener("submit", (event) => this.#submit(event, signal), { signal });
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  async #submit(event, signal) {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    this.#say("");
    try {
      form.elements.credential.value = JSON.stringify(written(await this.#ask(signal)));
      form.submit();
    } catch (error) {
      if (!signal.aborted) this.#say(reason(error));
    } finally {
      button.disabled = false;
    }
  }

  async #ask(signal) {
    if (!globalThis.PublicKeyCredential) throw new DOMException("", "NotSupportedError");
    const { question, from, make } = this.dataset;
    const asked = question ? JSON.parse(question) : await fetched(from);
    const publicKey = read(asked.publicKey);
    return make === undefined
      ? navigator.credentials.get({ publicKey, signal })
      : navigator.credentials.create({ publicKey, signal });
  }

  #say(text) {
    const place = this.querySelector("[role=alert]");
    place.textContent = text;
    place.hidden = !text;
  }
}

async function fetched(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (answer.redirected) location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** Turn what JSON can carry into what browsers want. */
function read(asked) {
  const known = (keys = []) => keys.map((key) => ({ ...key, id: bytes(key.id) }));
  return {
    ...asked,
    challenge: bytes(asked.challenge),
    ...(asked.user && { user: { ...asked.user, id: bytes(asked.user.id) } }),
    allowCredentials: known(asked.allowCredentials),
    excludeCredentials: known(asked.excludeCredentials),
  };
}

/** And back. `toJSON` would do it, but what password managers put in the place of a credential has none. */
function written(credential) {
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = credential.response;
  const parts = { clientDataJSON, attestationObject, authenticatorData, signature, userHandle };
  const given = Object.entries(parts).filter(([, buffer]) => buffer);
  return {
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: Object.fromEntries(given.map(([name, buffer]) => [name, base64url(buffer)])),
  };
}

function bytes(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function base64url(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function reason({ name, message }) {
  if (name === "NotAllowedError") return t("No passkey was used. Try again, or choose another way.");
  if (name === "InvalidStateError") return t("This device has a passkey for your account already.");
  if (name === "NotSupportedError") return t("This browser or device cannot use passkeys.");
  if (name === "SecurityError") return t("Passkeys do not work at this address.");
  if (message === "429") return t("That was a lot at once. Wait a moment and try again.");
  return t("That did not work. Try again.");
}

customElements.define("passkey-form", PasskeyForm);
