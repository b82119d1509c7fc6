const LONG = 500;
const SLIP = 10;

/**
 * Notice long presses of a finger.
 * @param {(target: Element) => HTMLElement | null} find what may be pressed, given what is under the finger
 * @param {(pressed: HTMLElement) => void} handle
 * @param {AbortSignal} signal
 */
export function onLongPress(find, handle, signal) {
  const options = { capture: true, passive: true, signal };
  let timer = 0;
  let start = [0, 0];
  const stop = () => clearTimeout(timer);
  const press = (event) => {
    stop();
    const pressed = event.pointerType === "touch" && event.isPrimary ? find(event.target) : null;
    if (!pressed) return;
    start = [event.clientX, event.clientY];
    timer = setTimeout(() => handle(pressed), LONG);
  };
  const move = (event) => {
    if (Math.hypot(event.clientX - start[0], event.clientY - start[1]) > SLIP) stop();
  };
  document.addEventListener("pointerdown", press, options);
  document.addEventListener("pointermove", move, options);
  for (const name of ["pointerup", "pointercancel", "scroll", "contextmenu"]) document.addEventListener(name, stop, options);
}
