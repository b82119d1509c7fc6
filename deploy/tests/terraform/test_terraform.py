"""What terraform itself says of the code, where it is."""

import re

import pytest

from deploy.tests.terraform import hcl
from deploy.tests.terraform.machine import needs_terraform, prepare, terraform


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    folder = tmp_path_factory.mktemp("terraform")
    prepare(folder)
    return folder


@pytest.mark.parametrize("file", sorted(hcl.FOLDER.rglob("*.tf*")), ids=lambda file: file.name)
def test_files_look_alike(file):
    text = file.read_text()

    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not re.search(r"\t|[ \t]+$|\n\n\n", text, re.MULTILINE)
    assert not re.search(r"^(?:  )* (?! )\S", text, re.MULTILINE)


@needs_terraform
def test_files_are_formatted():
    terraform(hcl.FOLDER, "fmt", "-check", "-recursive", "-diff")


@needs_terraform
def test_the_code_is_valid(ready):
    assert "The configuration is valid" in terraform(ready, "validate")


@needs_terraform
@pytest.mark.soak
def test_its_own_tests_pass(ready):
    assert re.search(r"Success! \d+ passed, 0 failed", terraform(ready, "test"))
