"""An environment called trial: programs are stand-ins, AWS is an emulator in this process."""

import json
import os
import shutil
import threading
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from django.conf import settings
from moto import mock_aws

import deploy.cloud.__main__ as program
from deploy.cloud import down, environment, image, service, smoke, up
from deploy.tests.cloud.fakes import Ecs, Logs

REGION = "eu-central-1"
ROOT = Path(settings.BASE_DIR)
REPOSITORY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/chatscape-trial"
PROGRAMS = ("terraform", "docker", "buildah", "podman")


class Site(BaseHTTPRequestHandler):
    """What answers at the environment's address."""

    answers = {
        "/health/ready": (200, "application/json", b'{"status": "ok"}'),
        "/": (200, "text/html; charset=utf-8", b"<title>ChatScape</title>"),
        "/config.json": (200, "application/json", b'{"socket": "/ws/"}'),
        "/ws/": (403, "text/plain", b""),
    }

    def do_GET(self):
        status, kind, body = type(self).answers[self.path]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    """A site that is well; `site.answers` changes what it says."""

    class Own(Site):
        answers = dict(Site.answers)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    Own.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Own
    server.shutdown()
    thread.join()
    server.server_close()


@cache
def aws(name):
    """Return a client; making one takes longer than all that it is asked."""
    return boto3.client(name, REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


@dataclass
class World:
    """A checkout with stand-ins, and what was called in it."""

    root: Path
    bin: Path
    ecs: Ecs = field(default_factory=Ecs)
    seen: int = 0

    def run(self, *words):
        return program.main(words)

    def lines(self):
        """What was called, without where it is; not the questions which version is there."""
        file = self.root / "calls"
        lines = file.read_text().replace(str(self.root), "").splitlines() if file.exists() else []
        return [
            line for line in lines if line.split()[1] not in ("version", "info") and " version" not in line
        ][self.seen :]

    def forget(self):
        self.seen += len(self.lines())

    def environ(self):
        """What the last `manage.py` was told."""
        return json.loads((self.root / "environ").read_text())

    def fails(self, words, says=""):
        (self.root / "fail").write_text(f"{words}\n")
        (self.root / "says").write_text(f"{says}\n")

    def works(self):
        (self.root / "fail").unlink()

    def outputs(self, **values):
        registry = {key: value for key, value in values.items() if key in ("ecr_repository", "architecture")}
        for name, these in (("outputs", values), ("outputs-registry", registry)):
            (self.root / name).write_text(json.dumps({key: {"value": value} for key, value in these.items()}))


MANAGE = """
import json, os, subprocess, sys
with open(os.environ["STUB_DIR"] + "/environ", "w") as file:
    json.dump(dict(os.environ), file)
sys.exit(subprocess.call([os.environ["STUB_DIR"] + "/bin/manage", *sys.argv[1:]]))
"""


@pytest.fixture
def world(tmp_path, monkeypatch, site):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in (*PROGRAMS, "manage"):
        shutil.copy(Path(__file__).with_name("stub.sh"), folder / name)
        (folder / name).chmod(0o755)
    (tmp_path / "manage.py").write_text(MANAGE)
    (tmp_path / "deploy/terraform/sizes").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/terraform/variables.tf", tmp_path / "deploy/terraform")
    for size in ("small", "large"):
        (tmp_path / f"deploy/terraform/sizes/{size}.tfvars").touch()
    (tmp_path / "deploy/container").mkdir()
    for file in (image.DOCKERFILE, image.IGNORED):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat/models.py").write_text("x = 1\n")
    world = World(tmp_path, folder)
    world.outputs(
        bucket="chatscape-trial-static",
        distribution="E2TRIAL",
        url=site.url,
        ecr_repository=REPOSITORY,
        cluster="chatscape-trial",
        service="chatscape",
        migrate_task="chatscape-trial-migrate",
        subnets=["subnet-1", "subnet-2"],
        security_groups=["sg-1"],
        region=REGION,
        architecture="X86_64",
        oidc_issuer="https://cognito-idp.eu-central-1.amazonaws.com/pool",
        oidc_client_id="client",
        log_group="/chatscape/trial",
        environment={"SIGN_UP": "open", "PORT": "8000"},
    )
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("STUB_DIR", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr(environment.environment, "__defaults__", (tmp_path,))
    monkeypatch.setattr(smoke.smoke_test, "__kwdefaults__", {"patience": 0.2, "look": 0.02})
    for function in (service.migrate, service.roll):
        monkeypatch.setattr(function, "__kwdefaults__", {"look": 0.0})

    def client(_session, name):
        return {"ecs": world.ecs, "logs": Logs()}.get(name) or aws(name)

    monkeypatch.setattr(up, "client", client)
    monkeypatch.setattr(down, "client", client)
    with mock_aws():
        aws("ecr").create_repository(repositoryName="chatscape-trial")
        yield world
