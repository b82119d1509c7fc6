"""A server's state folder of the test's own, and a world in its database."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def var(tmp_path: Path, settings) -> Path:
    """The folder that holds the key, the uploads and the backups of the server in this process."""
    folder = tmp_path / "var"
    (folder / "media").mkdir(parents=True)
    (folder / "secret_key").write_text(settings.SECRET_KEY)
    settings.VAR_DIR, settings.MEDIA_ROOT = folder, folder / "media"
    settings.BACKUP_RECIPIENTS, settings.BACKUP_PASSPHRASE = [], ""
    return folder


@pytest.fixture
def world(transactional_db: None, var: Path) -> Iterator[None]:
    """A bit of everything."""
    from django.contrib.contenttypes.models import ContentType

    from chatscape.backup.tests.world import fill

    fill()
    (var / "media" / "a").mkdir()
    (var / "media" / "a" / "photo.jpg").write_bytes(bytes(range(256)) * 5000)
    (var / "media" / "ünï.txt").write_text("words")
    yield
    ContentType.objects.clear_cache()
