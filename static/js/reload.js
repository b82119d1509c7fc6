import { enliven } from "./html.js";
import { fragment } from "./http.js";
import { parse } from "./trusted-types.js";

/**
 * Put the newest page of a room in the place of what a list shows.
 * @param {HTMLElement} list a message-list
 */
export async function reload(list) {
  const { room } = list.dataset;
  const url = `/rooms/${room}/`;
  const fresh = parse(await fragment(url)).querySelector(`message-list[data-room="${room}"]`);
  if (!fresh || !list.isConnected) return;
  const imported = document.importNode(fresh, true);
  const main = list.closest("main");
  list.replaceWith(imported);
  enliven(imported);
  // It may have been a view of an earlier part, with an address of its own.
  main?.querySelector(".around")?.remove();
  if (location.pathname !== url || location.search) history.replaceState({ htmx: true }, "", url);
}
