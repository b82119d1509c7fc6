import { t } from "./text.js";
import { toast } from "./toast.js";

const EVERY = 60 * 60_000;

/** Register the service worker, and offer its new versions: nobody is interrupted by one. */
export async function start() {
  const url = document.documentElement.dataset.sw;
  if (!url || !("serviceWorker" in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register(url, { scope: "/" });
    if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => {
        if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker);
      });
    });
    setInterval(() => registration.update().catch(() => {}), EVERY);
  } catch {
    // Private windows and some settings refuse; the page works without it.
  }
}

function offer(worker) {
  toast(t("A new version of ChatScape is ready."), {
    [t("Update now")]: () => {
      // Once: the new worker takes over all pages, and each loads itself again.
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker takes none
      worker.postMessage("skipWaiting");
    },
    [t("Later")]: () => {},
  });
}
