"""The server speaks to Redis as deploy/terraform tells it to: by TLS, and not to a stranger."""

import json
import os
import re
import subprocess
import sys
import time

import pytest
import redis
from django.conf import settings

from chatscape.testing.certificates import self_signed
from chatscape.testing.environment import clean
from chatscape.testing.machine import find
from chatscape.testing.processes import free_port
from deploy.tests.terraform import hcl

PASSWORD = "madeup0123456789"
PROGRAM = """
import asyncio, json, django
django.setup()
from channels.layers import get_channel_layer
from django.core.cache import cache

async def told():
    layer = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add("room", name)
    await layer.group_send("room", {"type": "event"})
    return await asyncio.wait_for(layer.receive(name), 30)

cache.set("kept", 1)
found = {"cache": cache.get("kept")}
try:
    found["layer"] = asyncio.run(told())["type"]
except Exception as problem:
    found["layer"] = str(problem)
print(json.dumps(found))
"""


@pytest.fixture
def server(tmp_path):
    """A Redis that speaks TLS only; its port, and the certificate that it shows."""
    public = self_signed(tmp_path, days=1)
    port, program = free_port(), find("redis-server")
    options = {
        "bind": "127.0.0.1",
        "port": 0,
        "tls-port": port,
        "tls-cert-file": public,
        "tls-key-file": public,
        "tls-auth-clients": "no",
        "requirepass": PASSWORD,
        "dir": tmp_path,
    }
    file = tmp_path / "redis.conf"
    file.write_text("".join(f"{name} {value}\n" for name, value in options.items()) + 'save ""\n')
    log = tmp_path / "redis.log"
    environ = {**os.environ, **program.env}
    with (
        log.open("w") as said,
        subprocess.Popen([program.path, file], env=environ, stdout=said, stderr=said) as process,
    ):
        try:
            end = time.monotonic() + 60
            own = redis.Redis("localhost", port, password=PASSWORD, ssl=True, ssl_ca_certs=str(public))
            while not _answers(own):
                if process.poll() is not None and "tls-port" in log.read_text():
                    pytest.skip("this redis-server was built without TLS")
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.1)
            yield port, public
        finally:
            process.terminate()


def _answers(client):
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


def as_the_code_writes_it(port):
    """Return the address that the tasks are told, with what is known only when it is made."""
    text = (hcl.FOLDER / "secrets.tf").read_text()
    [written] = re.findall(r'REDIS_URL += "(.*)"', text)
    host = "${aws_elasticache_replication_group.main.primary_endpoint_address}:6379"
    assert host in written
    return written.replace('${local.made["cache"]}', PASSWORD).replace(host, f"localhost:{port}")


def run(folder, port, authorities):
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=settings.BASE_DIR,
        env={
            **clean(os.environ),
            "CHATSCAPE_VAR": str(folder),
            "DJANGO_SETTINGS_MODULE": "chatscape.settings",
            "REDIS_URL": as_the_code_writes_it(port),
            "SSL_CERT_FILE": str(authorities),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout.splitlines()[-1])


def test_cache_and_events_go_by_tls(server, tmp_path):
    port, certificate = server

    assert run(tmp_path / "state", port, certificate) == {"cache": 1, "layer": "event"}


def test_a_redis_that_cannot_prove_its_name_is_told_nothing(server, tmp_path):
    port, _certificate = server
    other = tmp_path / "other"
    other.mkdir()
    somebody = self_signed(other, days=1)

    found = run(tmp_path / "state", port, somebody)

    assert found["cache"] is None
    assert "CERTIFICATE_VERIFY_FAILED" in found["layer"]
