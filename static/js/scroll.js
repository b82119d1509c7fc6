const NEAR = 48;

/** Keeps a list of messages where the reader wants it: at the newest, or at what they look at. */
export class Scroll {
  /** Whether the view follows what arrives. */
  following = true;
  #scroller;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} content
   * @param {() => void} moved called when the reader has scrolled
   * @param {AbortSignal} signal
   */
  constructor(scroller, content, moved, signal) {
    this.#scroller = scroller;
    const onScroll = () => {
      this.following = this.atBottom;
      moved();
    };
    scroller.addEventListener("scroll", onScroll, { passive: true, signal });
    // A keyboard that opens, an image that loads, a longer composer: the newest stays in sight.
    const observer = new ResizeObserver(() => this.following && this.toBottom());
    observer.observe(scroller);
    observer.observe(content);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  get atBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  toBottom() {
    this.following = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Show an article in the middle, or a little below the top. @param {Element} element @param {"center" | "start"} block */
  to(element, block) {
    element.scrollIntoView({ block });
    this.following = this.atBottom;
  }

  /**
   * Change what is above an article without moving it under the reader's eyes.
   * @param {Element | null} anchor
   * @param {() => void} change
   */
  keeping(anchor, change) {
    const top = anchor?.getBoundingClientRect().top;
    change();
    if (this.following) this.toBottom();
    else if (anchor) this.#scroller.scrollTop += anchor.getBoundingClientRect().top - top;
  }
}
