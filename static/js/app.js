// Everything that pages need. Each element sets itself up when it comes to the page and clears up when
// it leaves, so that htmx may swap whatever it likes.

import "./trusted-types.js";
import "./chat-composer.js";
import "./connection-status.js";
import "./copy-button.js";
import "./install-button.js";
import "./message-list.js";
import "./message-menu.js";
import "./room-list.js";
import { ask } from "./http.js";
import { start as startPanes } from "./panes.js";
import { start as startPolling } from "./poll.js";
import { start as startPresence } from "./presence.js";
import { sender } from "./sender.js";
import { start as startServiceWorker } from "./service-worker.js";
import { start as startSession } from "./session.js";
import { socket } from "./socket.js";
import { start as startStanding } from "./standing.js";
import { start as startTyping } from "./typing.js";

if (document.documentElement.dataset.ws) {
  startSession();
  startPolling();
  startPresence();
  startTyping();
  startStanding();
  socket.start();
  // Nothing waits for this: the page says where the socket is, or was.
  ask("/config.json").then((config) => socket.move(config.socket)).catch(() => {});
  sender.start();
}
startPanes();
startServiceWorker();
