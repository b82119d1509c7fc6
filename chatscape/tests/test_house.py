"""What runs elsewhere is what runs here, and what is installed is what was tested."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
LOCKS = sorted(ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_make_targets_only(workflow):
    targets = set(re.findall(r"^([a-z-]+(?: [a-z-]+)*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = re.findall(r"^\s*(?:- )?run: (.+)$", workflow.read_text(), re.MULTILINE)

    assert commands
    for command in commands:
        assert re.fullmatch(r"make [a-z-]+( [A-Z]+=\S+)?", command), command
        assert command.split()[1] in {name for names in targets for name in names.split()}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_of_others_are_pinned_to_a_commit(workflow):
    used = re.findall(r"uses: (\S+)", workflow.read_text())

    assert used
    assert [action for action in used if not re.search(r"@[0-9a-f]{40}$", action)] == []


def jobs(workflow):
    return yaml.safe_load(workflow.read_text())["jobs"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_the_code_and_nothing_else(workflow):
    text = workflow.read_text()

    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    for job in jobs(workflow).values():
        assert job["timeout-minutes"] <= 90
        # A token of GitHub's, for AWS: only where somebody signs in there.
        signs_in = any("configure-aws-credentials" in step.get("uses", "") for step in job["steps"])
        allowed = {"contents": "read", "id-token": "write"} if signs_in else None
        assert job.get("permissions") == allowed


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_secret_that_a_fork_could_take(workflow):
    text = workflow.read_text()

    assert "secrets." not in text
    assert "secrets:" not in text
    assert "pull_request_target" not in text
    assert "workflow_run" not in text
    for job in jobs(workflow).values():
        # What somebody else may name goes into no command line.
        assert not [step["run"] for step in job["steps"] if "${{" in step.get("run", "")]


def test_a_pull_request_is_planned_and_the_main_branch_applied():
    deploy = ROOT / ".github/workflows/deploy.yml"
    plan, apply = jobs(deploy)["plan"], jobs(deploy)["apply"]

    # YAML takes the word `on` for a truth.
    assert yaml.safe_load(deploy.read_text())[True] == {"push": {"branches": ["main"]}, "pull_request": None}
    assert "github.event_name == 'pull_request'" in plan["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in plan["if"]
    assert "github.event_name == 'push'" in apply["if"]
    assert plan["steps"][-1]["run"] == "make plan"
    assert apply["steps"][-1]["run"] == "make up YES=1"
    assert not apply["concurrency"]["cancel-in-progress"]
    for job, role in ((plan, "AWS_PLAN_ROLE"), (apply, "AWS_RELEASE_ROLE")):
        [signing_in] = [step["with"] for step in job["steps"] if "configure-aws" in step.get("uses", "")]
        assert signing_in["role-to-assume"] == f"${{{{ vars.{role} }}}}"
        assert not [name for name in signing_in if "key" in name]


def test_the_workflow_runs_on_push_and_every_week():
    text = "".join(workflow.read_text() for workflow in WORKFLOWS)

    assert "\n  push:" in text
    assert re.search(r"cron: \"[\d* ]+ [\d* ]+ \* \* [0-6]\"", text)


def test_ci_is_make_test():
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "exec make test"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_everything_with_hashes_and_names_no_host(lock):
    text = lock.read_text()
    pins = re.findall(r"^[a-z0-9][^\n]*(?:\n    --hash[^\n]*)*", text, re.MULTILINE)

    assert len(pins) > 20
    for pin in pins:
        assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+", pin), pin
        assert "--hash=sha256:" in pin, pin
    assert "://" not in text
    assert "--index" not in text


def test_what_runs_is_pinned_the_same_where_it_is_tested():
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")
