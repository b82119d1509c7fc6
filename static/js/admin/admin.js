// The admin site's few conveniences: times as the viewer reads them, and keys. Everything works without.

import { localise } from "../times.js";
import { start as startKeys } from "./keys.js";

localise(document);
startKeys();
// On a phone the names of the parts are wider than the screen.
document.querySelector(".admin-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// A menu of filters closes when one looks elsewhere.
document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll(".chip[open]")) if (!menu.contains(target)) menu.open = false;
});
document.addEventListener("keydown", ({ key }) => {
  const menu = key === "Escape" && document.querySelector(".chip[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
