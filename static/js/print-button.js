/** A button that prints the page; without JavaScript it is not there. */
class PrintButton extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").onclick = () => print();
  }
}

customElements.define("print-button", PrintButton);
