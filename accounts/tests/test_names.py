"""Which names are allowed, and the letters that stand for them."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.names import clean_name, initials, validate_name
from accounts.tests.people import make_user


@pytest.mark.parametrize(
    "name",
    [
        "Bo",
        "x" * 50,
        "Ann-Marie O'Neil_2.",
        "Zoë",
        "Łukasz Żółć",
        "علي حسن",
        "עדי",
        "王小明",
        "สมชาย",
        "क्षितिज",
        "Jose\u0301",
        "D’Arcy",
        "𞤀𞤣𞤤𞤢𞤥",
    ],
)
def test_letters_of_every_script_make_a_name(name: str) -> None:
    validate_name(clean_name(name))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "B",
        " B ",
        "x" * 51,
        "Bob\0",
        "Bob\u202eecila",
        "Bo\u200bb",
        "Bob\u2066",
        "<b>Bob</b>",
        "bob@example.com",
        "Bob/Alice",
        "Bob 🎉",
        "1\ufe0f\u20e3 2\ufe0f\u20e3",
        "\u3164\u3164",
        "Bob\u3164",
        "--..",
        "' '",
    ],
)
def test_other_characters_do_not(name: str) -> None:
    with pytest.raises(ValidationError):
        validate_name(name)


def test_spaces_are_tidied_and_letters_composed() -> None:
    assert clean_name("  Jose\u0301 \t Maria ") == "José Maria"


@given(st.text(max_size=80))
def test_a_clean_name_stays_as_it_is(text: str) -> None:
    assert clean_name(clean_name(text)) == clean_name(text)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Bob", "B"),
        ("bob builder", "BB"),
        ("Ada King Lovelace", "AL"),
        ("'Ali -ben", "AB"),
        ("علي حسن", "عح"),
        ("עדי לוי", "על"),
        ("ßeta", "S"),
        ("王小明", "王"),
        ("𝓑𝓸𝓫 🎉", "𝓑"),
        ("🎉 Party 🎉", "P"),
        ("🎉", "?"),
        ("", "?"),
    ],
)
def test_the_avatar_shows_the_first_letters_of_the_first_and_last_word(name: str, letters: str) -> None:
    assert initials(name) == letters


@given(st.text(max_size=50))
def test_initials_are_one_or_two_characters_whatever_the_name(name: str) -> None:
    assert 1 <= len(initials(name)) <= 2


@pytest.mark.django_db
def test_the_avatar_keeps_its_colour_when_the_name_changes() -> None:
    bob = make_user("bob")
    before = bob.hue
    bob.name = "Robert"
    assert 0 <= before <= 11
    assert (bob.hue, bob.initials) == (before, "R")
