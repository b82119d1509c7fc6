// No text becomes elements, code or the address of code without a look at it, whoever asks: ours, htmx or
// somebody else's script (W3C, Trusted Types). Loaded before htmx; the policy of the page allows these two alone.

const ELEMENTS = "script, iframe, frame, object, embed, base, meta, link, style";
const ATTRIBUTES = /^(on|srcdoc$|(data-)?hx-on)/i;
const parser = new DOMParser();
// What goes through it is parsed where nothing runs. It is not given away.
const own = globalThis.trustedTypes?.createPolicy("chatscape", { createHTML: (text) => text });

globalThis.trustedTypes?.createPolicy("default", {
  createHTML(text) {
    // Of the head of another page htmx wants the title. Its scripts are there already.
    if (/^<head[\s>]/i.test(text)) return read(text).querySelector("title")?.outerHTML ?? "";
    // Without an answer the browser refuses the text.
    return tidy(read(text)) ? undefined : text;
  },
  createScriptURL: (url) => (url === document.documentElement.dataset.sw ? url : undefined),
});

/**
 * Parse HTML that this server rendered, without whatever could run.
 * @param {string} text
 * @returns {Document}
 */
export function parse(text) {
  const page = read(text);
  tidy(page);
  return page;
}

function read(text) {
  return parser.parseFromString(own ? own.createHTML(text) : text, "text/html");
}

/** Take out what could run, and say how much it was. @param {Document | DocumentFragment} part */
function tidy(part) {
  let count = 0;
  for (const found of part.querySelectorAll(ELEMENTS)) {
    found.remove();
    count += 1;
  }
  for (const found of part.querySelectorAll("*")) {
    for (const name of found.getAttributeNames()) {
      if (!ATTRIBUTES.test(name)) continue;
      found.removeAttribute(name);
      count += 1;
    }
    // What a template holds is not found from outside.
    if (found instanceof HTMLTemplateElement) count += tidy(found.content);
  }
  return count;
}
