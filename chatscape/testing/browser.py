"""A real browser for journeys, and what it complains of."""

import os
import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from chatscape.testing.machine import find

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    # Names are not looked up: this machine is all there is.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
# A policy violation reaches the console in words of the browser's choosing: name what was refused.
WATCH_POLICY = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI} in ${event.sourceFile}`))
"""


class Problems(list[str]):
    """What the pages of a test complained of."""

    def __init__(self) -> None:
        super().__init__()
        self._forgiven: list[str] = []

    def forgive(self, *patterns: str) -> None:
        """Forget what a test provokes on purpose, also what a browser says of it later."""
        self._forgiven += patterns

    def left(self) -> list[str]:
        """Return what nobody has forgiven."""
        return [text for text in self if not any(re.search(pattern, text) for pattern in self._forgiven)]


def launch(playwright: Playwright, **options: Any) -> Browser:
    """Start the machine's Chromium, without its sandbox: it shows pages of ours only."""
    program = find("chromium")
    return playwright.chromium.launch(
        executable_path=program.path,
        args=FLAGS,
        env={**os.environ, **program.env},
        chromium_sandbox=False,
        **options,
    )


def watch(context: BrowserContext, problems: Problems) -> None:
    """Note in `problems` whatever any page of the profile complains of."""
    context.add_init_script(WATCH_POLICY)

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def failed(request: Request) -> None:
        # Leaving a page gives up what it was still loading.
        if request.failure != "net::ERR_ABORTED":
            problems.append(f"request: {request.method} {request.url}: {request.failure}")

    def page(page: Page) -> None:
        page.on("pageerror", lambda error: problems.append(f"exception: {error}"))

    context.on("console", console)
    context.on("requestfailed", failed)
    context.on("page", page)
