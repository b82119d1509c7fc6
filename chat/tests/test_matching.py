"""Words and sites are found however they are spelt, and nothing else is (MO6)."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.matching import Folded, Sites, Words, host_in, word_tokens

LONG = 4_000


def words(pattern: str, text: str) -> list[str]:
    return [text[match.start : match.end] for match in Words([(pattern, None)]).find(Folded(text))]


def sites(pattern: str, text: str) -> list[str]:
    return [text[match.start : match.end] for match in Sites([(pattern, None)]).find(Folded(text))]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("bad", "a bad, Bad and BAD thing", ["bad", "Bad", "BAD"]),
        ("BaD", "bad", ["bad"]),
        ("bad", "badly baden forbad abada", []),
        ("bad", "'bad' (bad) bad. _bad_ bad-bad", ["bad"] * 6),
        # Hidden: zero-width space, joiner, soft hyphen, a tag, a variation selector, a direction mark.
        ("bad", "b\u200bad b\u200da\u00add b\U000e0061ad bad\ufe0f \u202ebad", None),
        ("bad", "ＢＡＤ 𝖇𝖆𝖉 ⓑⓐⓓ", ["ＢＡＤ", "𝖇𝖆𝖉", "ⓑⓐⓓ"]),
        ("straße", "STRASSE Straße strasse", ["STRASSE", "Straße", "strasse"]),
        ("nai\u0308ve", "naïve", ["naïve"]),
        ("naïve", "nai\u0308ve", ["nai\u0308ve"]),
        ("ﬁsh", "fish", ["fish"]),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8", ["\u1112\u1161\u11ab\u1100\u116e\u11a8"]),
        ("हिन्दी", "यह हिन्दी है", ["हिन्दी"]),
        ("हि", "यह हिन्दी है", []),
        ("İstanbul", "i̇stanbul", ["i̇stanbul"]),
        ("buy now", "Buy \n now! buynow buy, now", ["Buy \n now"]),
        ("spam*", "spam spammer unspam", ["spam", "spammer"]),
        ("*spam", "spam spammer unspam", ["spam", "unspam"]),
        ("*spam*", "spam spammer unspam", ["spam", "spammer", "unspam"]),
        ("f*k", "fk fork f k folk. folks", ["fk", "fork", "folk"]),
        ("a*b*c", "abc axbxc acb aXbbcbc", ["abc", "axbxc", "aXbbcbc"]),
        ("win * prize", "win a prize, win prize, win the big prize", ["win a prize"]),
        ("*草*", "除草剤", ["除草剤"]),
        ("c++", "C++ is not c", ["C++"]),
        ("c", "c++", ["c"]),
        ("🖕", "no 🖕🏽 please", ["🖕"]),
        (":)", "fine :)", [":)"]),
    ],
)
def test_words_are_found(pattern, text, found):
    if found is None:
        assert len(words(pattern, text)) == 5
    else:
        assert words(pattern, text) == found


@pytest.mark.parametrize("pattern", ["", " ", "*", "* **", "\u200b", "\u00ad*"])
def test_a_pattern_that_means_everything_finds_nothing(pattern):
    assert word_tokens(pattern) == ()
    assert words(pattern, "whatever it is * ** \u200b") == []


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("evil.example", "see https://evil.example/x?y=1, or", ["https://evil.example/x?y=1"]),
        ("evil.example", "(http://www.EVIL.example)", ["http://www.EVIL.example"]),
        ("evil.example", "a.b.evil.example. evil.example:8080/", ["a.b.evil.example", "evil.example:8080/"]),
        ("evil.example", "notevil.example evil.example.org evil evil-example.com", []),
        ("evil.example", "https://good.example@evil.example/", ["https://good.example@evil.example/"]),
        ("evil.example", "https://good.example/?next=evil.example", None),
        ("evil.example", "me@evil.example", ["me@evil.example"]),
        ("evil.example", "ev\u200bil.exa\u00admple ｅｖｉｌ．ｅｘａｍｐｌｅ evil。example", None),
        ("evil.example", "https://ev%69l%2eexample/", ["https://ev%69l%2eexample/"]),
        ("münchen.example", "xn--mnchen-3ya.example MÜNCHEN.example", None),
        ("xn--mnchen-3ya.example", "münchen.example", ["münchen.example"]),
        ("https://www.Evil.example/", "evil.example", ["evil.example"]),
        ("*.evil.example", "evil.example", ["evil.example"]),
        ("co.uk", "shop.co.uk", ["shop.co.uk"]),
    ],
)
def test_sites_are_found_with_everything_below_them(pattern, text, found):
    assert sites(pattern, text) if found is None else sites(pattern, text) == found


@pytest.mark.parametrize(
    "pattern", ["", "evil", "evil.example/path", "ev il.example", "a..b", "-a.b", "http://", "*"]
)
def test_what_names_no_host_finds_nothing(pattern):
    assert host_in(pattern) == ""
    assert sites(pattern, "evil.example evil http://") == []


LETTERS = st.characters(codec="utf-8", categories=("L", "N", "M", "P", "S", "Z", "Cf"))
TEXTS = st.text(LETTERS | st.sampled_from("ab *.\u200b\u0308"), max_size=60)


@given(TEXTS)
def test_every_place_is_in_the_text_and_every_letter_has_one(text):
    folded = Folded(text)
    places = [folded.place(index, index + 1) for index in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)
    for start, end in folded.tokens():
        assert folded.text[start:end].strip()


@given(st.text("abc", min_size=1, max_size=5), TEXTS, TEXTS)
def test_a_word_between_blanks_is_found_wherever_it_is(word, before, after):
    text = f"{before} {word.upper()} {after}"
    found = [(match.start, match.end) for match in Words([(word, None)]).find(Folded(text))]
    assert (len(before) + 1, len(before) + 1 + len(word)) in found


@given(
    st.text("abcdef", min_size=2, max_size=8),
    st.lists(st.sampled_from("\u200b\u200d\u2060\ufeff\u00ad\u034f"), min_size=1, max_size=9),
)
def test_what_cannot_be_seen_hides_nothing(word, hidden):
    text = "".join(letter + hidden[index % len(hidden)] for index, letter in enumerate(word))
    assert words(word, f"x {text} y") == [text]


@given(st.text("ab*", max_size=8), st.text("ab", min_size=1, max_size=12))
def test_stars_mean_what_they_mean_in_file_names(pattern, text):
    from fnmatch import fnmatchcase

    expected = [text] if word_tokens(pattern) and fnmatchcase(text, pattern) else []
    assert words(pattern, text) == expected


@given(st.text(LETTERS, min_size=1, max_size=8))
def test_a_pattern_finds_itself_in_every_form(pattern):
    if not word_tokens(pattern) or "*" in unicodedata.normalize("NFKC", pattern):
        return
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        text = unicodedata.normalize(form, pattern)
        assert words(pattern, text), (pattern, form)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a*a*a*a*a*a*a*b", "a" * LONG),
        ("a*" * 90 + "b", "a" * LONG),
        (" ".join("a" * 90) + " b", "a " * (LONG // 2)),
        ("*x", "xa" * (LONG // 2)),
        ("a", "a\u0308" * (LONG // 2)),
        ("a", "\u200b" * LONG),
    ],
)
def test_no_pattern_takes_long(pattern, text):
    began = time.process_time()
    words(pattern, text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "text",
    ["a." * (LONG // 2), "xn--" + "a" * LONG + ".b", "%2e" * (LONG // 3), "xn--a." * (LONG // 6), "@" * LONG],
)
def test_no_address_takes_long(text):
    began = time.process_time()
    sites("evil.example", text)
    assert time.process_time() - began < 1
