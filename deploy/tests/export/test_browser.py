"""ChatScape with its files from a bucket at another origin: nothing is refused, and it is there offline."""

import os
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from chat.tests.browser.conftest import enter, new_context  # noqa: F401
from chat.tests.browser.desk import Desk
from chat.tests.browser.people import AWAY, connected, expect_messages
from chatscape.testing.environment import clean
from chatscape.testing.machine import ROOT
from deploy.tests.export.double import Double

pytestmark = pytest.mark.browser


@pytest.fixture
def exported(tmp_path):
    """A bucket with an export whose pages are somewhere else, and the address of its files."""
    with Double() as double:
        double.page_size = 1000
        env = {
            **clean(os.environ),
            "CHATSCAPE_VAR": str(tmp_path),
            "AWS_ENDPOINT_URL": double.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_S3_BUCKET": "bucket",
            "STATIC_URL": f"{double.url}/site/static/",
        }
        command = [sys.executable, "manage.py", "deploy", "--url", f"{double.url}/site"]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield double, env["STATIC_URL"]


def test_the_app_runs_on_files_of_another_origin(serve, enter, exported, problems):  # noqa: F811
    double, address = exported
    server = serve({"STATIC_URL": address})
    with Desk(server) as desk:
        alice, bob, room = desk.pair()
        desk("say", author=bob.id, room=room, body="From another origin")
        files: set[str] = set()

        def prepare(page):
            page.on("response", lambda answer: files.add(answer.url) if answer.ok else None)

        page = enter(alice, f"/rooms/{room}/", base_url=server.url, service_workers="allow", prepare=prepare)
        expect_messages(connected(page), ["From another origin"])
        page.wait_for_function(
            "navigator.serviceWorker.ready.then(({active}) => active.state === 'activated')"
        )
        assert not [url for url in files if url.startswith(f"{server.url}/static/")]
        assert [url for url in files if url.startswith(f"{address}js/app.")]
        server.kill()
        # The bucket is gone, too: what the worker has kept is all there is.
        double.objects.clear()
        page.reload()
        expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
        sheets = "[...document.querySelectorAll('link[rel=stylesheet]')].map(({sheet}) => sheet !== null)"
        assert set(page.evaluate(sheets)) == {True}
    page.close()
    problems.forgive(AWAY)
