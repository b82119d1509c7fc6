"""Finding words and sites in what people write, however they are spelt.

Letters are compared without their case, in the form that Unicode calls compatible (NFKC: full-width letters,
ligatures, mathematical letters), and without what cannot be seen. No pattern is a regular expression: the
time it takes grows with the text, not faster.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote

from accounts.names import INVISIBLE

Rule = TypeVar("Rule")

# What an address on the web ends at, and what separates the parts of one.
_RUN = re.compile(r"""[^\s<>"'()\[\]{}]+""")
_PART = re.compile(r"[^/\\?#@:,;!|*=&+]+")
_ENDS = ".,:;!?"
# No name on the web is longer.
HOST_MOST = 253
_TOKEN = re.compile(r"[^\W_]+|\S", re.ASCII)
_LABEL = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?")


class Match(NamedTuple, Generic[Rule]):
    """Where a rule matched, in the text as it was written."""

    start: int
    end: int
    rule: Rule


class Folded:
    """A text as it is compared, and where each of its letters stood."""

    __slots__ = ("_ends", "_starts", "text")

    def __init__(self, text: str) -> None:
        self._starts: Sequence[int] = range(len(text))
        self._ends: Sequence[int] = range(1, len(text) + 1)
        if text.isascii():
            self.text = text.lower()
            return
        letters, starts, ends = [], [], []
        for start, end in _clusters(text):
            for letter in _fold(text[start:end]):
                letters.append(letter)
                starts.append(start)
                ends.append(end)
        self.text, self._starts, self._ends = "".join(letters), starts, ends

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of `text` was written."""
        return self._starts[start], self._ends[end - 1]

    def tokens(self) -> list[tuple[int, int]]:
        """Return the words, and everything else but blanks sign by sign."""
        if self.text.isascii():
            return [match.span() for match in _TOKEN.finditer(self.text)]
        return list(_tokens(self.text, _is_letter))


class Words(Generic[Rule]):
    """Words and phrases, each with its rule."""

    def __init__(self, patterns: Iterable[tuple[str, Rule]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], Rule]]] = {}
        self._loose: list[tuple[str, tuple[str, ...], Rule]] = []
        for pattern, rule in patterns:
            tokens = word_tokens(pattern)
            if not tokens:
                continue
            if "*" not in tokens[0]:
                self._by_first.setdefault(tokens[0], []).append((tokens, rule))
            else:
                self._loose.append((max("*".join(tokens).split("*"), key=len), tokens, rule))

    def find(self, folded: Folded) -> Iterator[Match[Rule]]:
        """Return every place of every pattern."""
        text, spans = folded.text, folded.tokens()
        words = [text[start:end] for start, end in spans]
        # Most patterns are not in most texts: that is known without looking at the words.
        loose = [(tokens, rule) for piece, tokens, rule in self._loose if piece in text]
        for index, word in enumerate(words):
            for tokens, rule in (*self._by_first.get(word, ()), *loose):
                end = index + len(tokens)
                if end <= len(words) and all(map(_fits, words[index:end], tokens)):
                    yield Match(*folded.place(spans[index][0], spans[end - 1][1]), rule)


class Sites(Generic[Rule]):
    """Hosts with everything below them, each with its rule."""

    def __init__(self, hosts: Iterable[tuple[str, Rule]]) -> None:
        self._rules: dict[str, list[Rule]] = {}
        for host, rule in hosts:
            self._rules.setdefault(host_in(host), []).append(rule)

    def find(self, folded: Folded) -> Iterator[Match[Rule]]:
        """Return every address of these hosts, as a whole."""
        # What separates the labels of a host, also when it is encoded.
        if not any(sign in folded.text for sign in ".%\u3002"):
            return
        for run in _RUN.finditer(folded.text):
            end = run.start() + len(run[0].rstrip(_ENDS))
            for part in _PART.finditer(run[0]):
                for rule in self._rules_of(_host(part[0])):
                    yield Match(*folded.place(run.start(), end), rule)

    def _rules_of(self, host: str) -> list[Rule]:
        found: list[Rule] = []
        while "." in host:
            found += self._rules.get(host, ())
            host = host.partition(".")[2]
        return found


def word_tokens(pattern: str) -> tuple[str, ...]:
    """Return the words of a pattern, `*` for any letters; nothing when there is nothing to look for."""
    text = Folded(pattern).text
    spans = _tokens(text, lambda sign: sign == "*" or _is_letter(sign))
    tokens = tuple(re.sub(r"\*+", "*", text[start:end]) for start, end in spans)
    return tokens if any(token != "*" for token in tokens) else ()  # noqa: S105


def host_in(pattern: str) -> str:
    """Return the host that a pattern names, `*.` and `www.` left out; nothing when it names none."""
    text = Folded(pattern.strip()).text.partition("://")[2] or Folded(pattern.strip()).text
    host = _host(text.rstrip("/")).removeprefix("*.").removeprefix("www.")
    labels = host.split(".")
    return host if len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) else ""


def _host(text: str) -> str:
    """Return a host as it is compared: letters instead of their encodings."""
    text = text.replace("\u3002", ".").strip(".")
    if "%" in text:
        text = Folded(unquote(text)).text
    if len(text) > HOST_MOST:
        return ""
    return ".".join(map(_label, text.split("."))) if "xn--" in text else text


def _label(label: str) -> str:
    if label.startswith("xn--"):
        try:
            return Folded(label[4:].encode().decode("punycode")).text
        except (UnicodeError, ValueError, OverflowError):
            pass
    return label


def _fits(word: str, pattern: str) -> bool:
    """Say whether a word is what a pattern means; takes no longer than the word is long."""
    if "*" not in pattern:
        return word == pattern
    first, *middle, last = pattern.split("*")
    if len(word) < len(first) + len(last) or not (word.startswith(first) and word.endswith(last)):
        return False
    if not _is_letter(word[0]):
        # Stars are for letters, not for signs.
        return False
    at, end = len(first), len(word) - len(last)
    for piece in middle:
        at = word.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Return letters with the marks that belong to them, and with what cannot be seen after them."""
    start = 0
    for index in range(1, len(text)):
        if not _continues(text[index]):
            yield start, index
            start = index
    if text:
        yield start, len(text)


def _tokens(text: str, is_letter: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = start + 1
        if is_letter(text[start]):
            while end < len(text) and is_letter(text[end]):
                end += 1
        if not text[start].isspace():
            yield start, end
        start = end


@lru_cache(maxsize=10_000)
def _fold(cluster: str) -> str:
    seen = "".join(sign for sign in cluster if not _is_unseen(sign))
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())


@lru_cache(maxsize=10_000)
def _continues(sign: str) -> bool:
    # Vowels and finals of Korean letters that are written one by one.
    return unicodedata.combining(sign) > 0 or _is_unseen(sign) or "\u1160" <= sign <= "\u11ff"


@lru_cache(maxsize=10_000)
def _is_letter(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def _is_unseen(sign: str) -> bool:
    return sign in INVISIBLE or unicodedata.category(sign) == "Cf"
