"""What is said about costs is what the sizes are."""

from pathlib import Path

import pytest

from deploy import costs

PAGE = Path(__file__).parents[2] / "docs" / "costs.md"


def test_the_page_has_the_tables():
    text = PAGE.read_text()

    said = text.partition("<!-- deploy/costs.py -->\n")[2].partition("<!-- end -->")[0]

    assert said.strip() == costs.tables().strip()


@pytest.mark.parametrize("people", costs.PEOPLE, ids=lambda people: people.size)
def test_a_size_has_room_for_its_people(people):
    size = costs.read(people.size)
    processes = size["tasks_max"] * size["processes"]

    # 65,536 files a process, some of which are not sockets (docs/configuration.md).
    assert people.connected / processes <= min(size["connections_target"] * 1.05, 65_000)
    assert size["task_memory"] >= size["processes"] * (150 + people.connected / processes * 6.7 / 1024)
    assert size["task_cpu"] >= 1024 * size["processes"] or size["processes"] == 1


@pytest.mark.parametrize("people", costs.PEOPLE, ids=lambda people: people.size)
def test_the_budget_warns_of_more_than_it_costs(people):
    size = costs.read(people.size)

    month = sum(item.dollars for item in costs.monthly(size, people))

    assert month < size["budget_usd"] < 5 * month
