import { element } from "./html.js";
import { t } from "./text.js";

/**
 * Ask before something that cannot be undone.
 * @param {string} question
 * @param {string} action what the button that does it says
 * @returns {Promise<boolean>}
 */
export function confirmed(question, action) {
  const words = element("p", { id: "confirm-words" }, question);
  const yes = element("button", { class: "button button-danger", value: "yes" }, action);
  const no = element("button", { class: "button", value: "", autofocus: "" }, t("Cancel"));
  const form = element("form", { method: "dialog" }, words, element("div", { class: "actions" }, yes, no));
  const dialog = element("dialog", { class: "dialog", "aria-labelledby": "confirm-words" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
