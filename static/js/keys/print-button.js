/** A button that prints the page; without JavaScript it is not there. */
class PrintButton extends HTMLElement {
  #gone;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    this.querySelector("button").addEventListener("click", () => print(), { signal });
  }

  disconnectedCallback() {
    this.#gone.abort();
  }
}

customElements.define("print-button", PrintButton);
