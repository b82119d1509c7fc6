import { edit } from "../api.js";
import { element } from "../html.js";
import { t } from "../text.js";

/**
 * Change a message where it stands.
 * @param {HTMLElement} article
 * @param {string} [words] what had been typed when the article was replaced by a newer one
 */
export function startEdit(article, words) {
  if (article.querySelector(".message-edit")) return;
  const body = article.querySelector(".message-body");
  const box = element("textarea", { maxlength: "4000", rows: "1", "aria-label": t("Message") });
  const error = element("p", { class: "field-error", role: "alert" });
  const save = element("button", { class: "button button-primary", type: "submit" }, t("Save"));
  const cancel = element("button", { class: "button", type: "button" }, t("Cancel"));
  const form = element("form", { class: "message-edit" }, box, error, element("div", { class: "actions" }, save, cancel));
  const end = () => {
    form.remove();
    body.hidden = false;
    article.toggleAttribute("data-editing", false);
    document.getElementById("body")?.focus({ preventScroll: true });
  };
  box.value = words ?? body.textContent;
  cancel.addEventListener("click", end);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(article, box, error, save, end);
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") end();
    if (event.key !== "Enter" || event.shiftKey || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    form.requestSubmit();
  });
  body.hidden = true;
  body.after(form);
  article.toggleAttribute("data-editing", true);
  box.setSelectionRange(box.value.length, box.value.length);
  box.focus();
}

async function submit(article, box, error, save, end) {
  const { room, sequence } = article.dataset;
  if (box.value.trim() === article.querySelector(".message-body").textContent.trim()) return end();
  save.disabled = true;
  error.textContent = "";
  try {
    const html = await edit(room, Number(sequence), box.value);
    end();
    document.dispatchEvent(new CustomEvent("chat:changed", { detail: html }));
  } catch (refusal) {
    error.textContent = t(refusal.message);
    save.disabled = false;
    box.focus();
  }
}
