"""docs/security.md names tests that exist, and says of every item what holds it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", TEXT)))
ITEMS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.partition("## Verification")[2].splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| Item"))
]
# What must be there: the chapters that the page is about.
CHAPTERS = {"6": 20, "7": 12, "8": 5, "2": 6, "4": 3}


@cache
def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {it.name for it in ast.walk(tree) if isinstance(it, (ast.FunctionDef, ast.AsyncFunctionDef))}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists(path, name):
    assert (ROOT / path).is_file()
    assert path.rpartition("/")[2].startswith("test_")
    assert any(it.startswith("test_") for it in functions_in(path))
    if name:
        assert name in functions_in(path)


@pytest.mark.parametrize("row", ITEMS, ids=lambda row: row[0])
def test_an_item_has_a_test_or_says_why_not(row):
    item, how, held = row

    assert item
    if re.search(r"`[\w/]+\.py", held):
        return
    assert (held == "none" and "**not met**" in how) or (held == "nothing to test" and how)


def test_no_chapter_is_left_out():
    for chapter, least in CHAPTERS.items():
        numbers = {
            number for row in ITEMS for number in re.findall(rf"(?<![\d.]){chapter}\.\d+\.\d+", row[0])
        }
        assert len(numbers) >= least, chapter
