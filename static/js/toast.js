import { element } from "./html.js";

const LASTS = 6000;

/**
 * Say something beside what the person does. With buttons it stays until one is pressed.
 * @param {string} words
 * @param {Record<string, () => void>} [actions] by the words on their buttons; the first is the main one
 */
export function toast(words, actions = {}) {
  document.querySelector(".toast")?.remove();
  const made = element("div", { class: "toast", role: "status" });
  document.body.append(made);
  made.append(element("p", {}, words));
  for (const [index, [name, action]] of Object.entries(actions).entries()) {
    const button = element("button", { class: index ? "button" : "button button-primary", type: "button" }, name);
    button.addEventListener("click", () => {
      made.remove();
      action();
    });
    made.append(button);
  }
  if (!Object.keys(actions).length) setTimeout(() => made.remove(), LASTS);
}
