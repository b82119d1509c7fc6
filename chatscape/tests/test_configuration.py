"""docs/configuration.md says what the code reads, and every variable is read strictly."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chatscape import reference
from chatscape.testing.environment import clean, is_configuration
from chatscape.variables import Variable

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "configuration.md"
# Before tests read variables of their own.
KNOWN = reference.variables()
SECRETS = [each.name for each in KNOWN if each.secret and each.kind != "library"]
# What an operator has called a provider.
EXAMPLES = re.compile(r"OIDC_(COGNITO|CORP)_")


def manage(*arguments: str, folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with nothing configured but `env`."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**clean(os.environ), "CHATSCAPE_VAR": str(folder), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_page_says_what_the_code_reads():
    text = PAGE.read_text()

    assert reference.page(text, KNOWN) == text, "Run: python manage.py configuration --write"


def test_the_page_is_the_same_whatever_is_configured(tmp_path):
    env = {
        "DATABASE_URL": "postgres://u:p@127.0.0.1/x",
        "EMAIL_URL": "smtp://m",
        "PUBLIC_URL": "https://chat.example.org",
        "OIDC_PROVIDERS": "corp",
        "OIDC_CORP_ISSUER": "https://id.example.org",
        "OIDC_CORP_CLIENT_ID": "c",
        "OIDC_CORP_CLIENT_SECRET": "s",
    }

    plain, other = manage("configuration", folder=tmp_path), manage("configuration", folder=tmp_path, **env)

    assert plain.stdout.strip() == f"{reference.tables(KNOWN)}\n\n{reference.limits(KNOWN)}"
    assert other.stdout == plain.stdout


@pytest.mark.parametrize("variable", KNOWN, ids=lambda each: each.name)
def test_every_variable_says_what_it_is_for_and_is_in_the_page(variable):
    assert variable.about
    assert "\n" not in variable.about
    assert f"`{variable.name}`" in PAGE.read_text()


@pytest.mark.parametrize(
    "file", sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"]), ids=lambda each: each.name
)
def test_no_page_names_a_variable_that_does_not_exist(file):
    named = set(
        re.findall(r"(?:`|^)([A-Z][A-Z0-9_]{3,})(?:=[^`\n]*)?(?:`|$)", file.read_text(), re.MULTILINE)
    )

    assert not {name for name in reference.strangers(dict.fromkeys(named, "")) if not EXAMPLES.match(name)}


def test_tests_begin_without_any_of_them():
    """Else what a developer has in their environment would decide what tests find."""
    assert not [each.name for each in KNOWN if each.kind != "library" and not is_configuration(each.name)]


def test_the_environment_is_read_in_one_place():
    """Whoever reads `os.environ` themselves has a variable that nobody knows of."""
    known = (
        {each.name for each in KNOWN} | {f"{each.name}_FILE" for each in KNOWN} | {"DJANGO_SETTINGS_MODULE"}
    )
    found = []
    for file in ROOT.glob("*/**/*.py"):
        parts = file.relative_to(ROOT).parts
        if parts[0] not in ("chatscape", "chat", "accounts", "deploy") or {"tests", "testing"} & set(parts):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            found += [(file.name, name) for name in _names_read(node) if name not in known]

    # Others than by a name in capitals go through what is known.
    assert [
        (file, name) for file, name in found if re.fullmatch(r"[A-Z][A-Z0-9_]+", name) and name != "MARK"
    ] == []


def _names_read(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
        return [ast.unparse(node.slice).strip("'")]
    if isinstance(node, ast.Call) and node.args:
        called = ast.unparse(node.func)
        if called in ("os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop"):
            return [ast.unparse(node.args[0]).strip("'")]
    return []


def bad_values() -> list[tuple[str, str]]:
    return [(each.name, value) for each in KNOWN if each.strict for value in _bad(each)]


def _bad(variable: Variable) -> list[str]:
    """Return values that a variable cannot have, each with a word that must not be repeated."""
    if variable.kind == "number":
        assert variable.least is not None
        assert variable.most is not None
        bounds = [str(variable.least - 1), str(variable.most + 1), "9" * 5000]
        return [*bounds, "hunter2", f"{variable.least}.5", f"{variable.least} hunter2"]
    if variable.kind in ("URL", "site"):
        return ["hunter2", "gopher://hunter2@example.org", "://hunter2"]
    if variable.kind == "hosts":
        return ["https://hunter2", "good.example.org,hunter2/path"]
    return ["hunter2?!"]


@pytest.mark.parametrize(("name", "value"), bad_values(), ids=lambda each: each[:24])
def test_a_value_beyond_its_bounds_names_itself_and_is_not_repeated(name, value, in_the_environment):
    refusal = in_the_environment(name, value)

    assert refusal.startswith(f"{name}: ")
    assert "hunter2" not in refusal
    assert "99999" not in refusal
    assert "\n" not in refusal


def read_settings() -> None:
    for file in ("accounts/settings.py", "chatscape/settings.py", "deploy/settings.py"):
        if (ROOT / file).exists():
            module = {"__file__": str(ROOT / file), "__name__": "settings"}
            exec(compile((ROOT / file).read_text(), file, "exec"), module)  # noqa: S102


@pytest.fixture
def in_the_environment(monkeypatch, tmp_path):
    """Read all settings with one variable given, and return what is said of it."""
    from django.core.exceptions import ImproperlyConfigured

    for known in [known for known in os.environ if known not in clean(os.environ)]:
        monkeypatch.delenv(known)
    monkeypatch.setenv("CHATSCAPE_VAR", str(tmp_path))

    def read(name: str, value: str) -> str:
        monkeypatch.setenv(name, value)
        with pytest.raises(ImproperlyConfigured) as refusal:
            read_settings()
        assert refusal.value.__cause__ is None
        return str(refusal.value)

    return read


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_a_file_is_taken_without_the_newline_at_its_end(name, tmp_path, monkeypatch):
    from chatscape.env import Settings

    monkeypatch.delenv(name, raising=False)
    (tmp_path / "secret").write_text("of the file\r\n\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))

    assert Settings().text(name) == "of the file"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "blank", "not text", "given twice"])
def test_a_secret_in_a_file_that_is_no_good_stops_the_start(
    name, kind, tmp_path, in_the_environment, monkeypatch
):
    file = tmp_path / "hunter2"
    if kind == "folder":
        file.mkdir()
    elif kind != "missing":
        file.write_bytes({"empty": b"", "blank": b" \n", "not text": b"\xff\xfehunter2"}.get(kind, b"k" * 40))
    if kind == "given twice":
        monkeypatch.setenv(name, "hunter2")

    refusal = in_the_environment(f"{name}_FILE", str(file))

    assert refusal.startswith(f"{name}: ")
    assert f"{name}_FILE" in refusal
    assert "hunter2" not in refusal


@pytest.mark.parametrize("name", SECRETS)
def test_a_file_that_may_not_be_read_stops_the_start(name, tmp_path, in_the_environment, monkeypatch):
    file = tmp_path / "secret"
    file.write_text("k" * 40)
    plain = Path.read_text

    def refused(path: Path, *args: object, **options: object) -> str:
        # Root may read every file.
        if path == file:
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path)

    monkeypatch.setattr(Path, "read_text", refused)

    assert in_the_environment(f"{name}_FILE", str(file)).startswith(f"{name}: cannot be read")


@pytest.mark.parametrize("command", ["serve", "migrate", "check"])
def test_a_command_says_in_a_line_what_is_wrong_and_fails(command, tmp_path):
    done = manage(command, folder=tmp_path, PORT="hunter2")

    assert done.returncode == 1
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first == "PORT: must be a whole number from 1 to 65535"
    assert "manage.py doctor" in second


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DATABSE_URL", "DATABASE_URL"),
        ("LIMIT_SNED", "LIMIT_SEND"),
        ("PUBLIC_URI", "PUBLIC_URL"),
        ("OIDC_ISUER", "OIDC_ISSUER"),
        ("SECRET_KEY_FIL", "SECRET_KEY"),
        ("SECRETKEY_FILE", "SECRET_KEY"),
        ("EMAIL_HOST", ""),
    ],
)
def test_a_name_that_resembles_one_of_ours_is_found(name, meant):
    found = reference.strangers({name: "x"})

    assert list(found) == [name]
    assert not meant or found[name] == meant


def test_others_variables_are_left_alone():
    others = """
        PATH HOME HOSTNAME USER LOGNAME LANG LC_ALL PWD SHELL TERM TZ HTTP_PROXY AWS_EXECUTION_ENV PYTHONPATH
        KUBERNETES_PORT POSTGRES_PASSWORD GPG_KEY PGHOST VIRTUAL_ENV DEBIAN_FRONTEND PORT HOST SECRET_KEY_FILE
        XDG_RUNTIME_DIR SSH_AUTH_SOCK INVOCATION_ID JOURNAL_STREAM EDITOR CI
        REDIS_SERVICE_HOST REDIS_SERVICE_PORT_TCP REDIS_PORT REDIS_PORT_6379_TCP_ADDR DATABASE_SERVICE_PORT
    """

    assert reference.strangers(dict.fromkeys(others.split(), "")) == {}
