// Words that scripts put on the page. A page in another language carries a translation:
// <script type="application/json" id="texts">{"Retry": "Wiederholen"}</script>

let given;

/**
 * Translate a text and fill in its {names}.
 * @param {string} text in English, as written here
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(text, values = {}) {
  given ??= JSON.parse(document.getElementById("texts")?.textContent || "{}");
  return (given[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
