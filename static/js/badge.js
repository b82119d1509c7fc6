/** Say in the title and on the app's icon how many rooms have something unread. @param {HTMLElement} list */
export function showUnread(list) {
  const rooms = list.querySelectorAll(".unread").length;
  const title = document.title.replace(/^\(\d+\) /, "");
  const wanted = rooms ? `(${rooms}) ${title}` : title;
  if (document.title !== wanted) document.title = wanted;
  const shown = rooms ? navigator.setAppBadge?.(rooms) : navigator.clearAppBadge?.();
  shown?.catch(() => {});
}
