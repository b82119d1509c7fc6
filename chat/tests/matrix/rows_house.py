"""The app itself, and what runs the server."""

from chat.tests.matrix.roles import RUN_THE_SERVER
from chat.tests.matrix.row import NOTHING, NOWHERE, PUBLIC, Row, Rows, page

ROWS: Rows = {
    "manifest": page("/manifest.webmanifest", PUBLIC),
    "service-worker": page("/sw.js", PUBLIC),
    "offline": page("/offline/", PUBLIC),
    "install": page("/install/", PUBLIC),
    "config": page("/config.json", PUBLIC),
    "metrics": page("/metrics", NOTHING),
    "invitations": lambda it: Row(
        "/invitations/", NOWHERE, NOWHERE, but=dict.fromkeys(RUN_THE_SERVER, (200, 302))
    ),
}
