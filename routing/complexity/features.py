"""Features of a query in the business register: phrases, letters, the skeleton of the question, and a few measures.

All are computed the same way in training and in serving. A group of features is scaled by the root of its size, so that
a long text does not outweigh a short one.
"""

import math
import re
from collections.abc import Iterable, Iterator

from .lexicon import TAG_OF
from .reading import Reading

LETTERS = re.compile(r"[^\W\d_]+")
CODE = re.compile(r"[{}();=<>\[\]]|\b(?:def|select|return|func|import|class)\b")
SCALE = 3.0
NUMBERS = frozenset({"0", "00", "000", "0000", "a0"})
"""How `reading` writes numbers and codes."""
SIGNS = {"?": "?"} | dict.fromkeys(NUMBERS, "#")
LONGEST_WORD = 40
"""Letters of a word that are looked at; nothing longer is a word."""


def features(reading: Reading) -> Iterator[tuple[str, float]]:
    """Yield the features of a query with their values."""
    for group in (phrases(reading), letters(reading), skeleton(reading)):
        value = SCALE / math.sqrt(len(group) + 1)
        for name in group:
            yield name, value
    yield from measures(reading)


def phrases(reading: Reading) -> set[str]:
    """Return words, pairs and triples, and which of them begin or end the text, its first and its last sentence."""
    tokens, first, last = reading.tokens, reading.first, reading.last
    found = set(_runs(tokens, 3, "w:"))
    for count in (1, 2, 3):
        found.add(f"f{count}:{' '.join(first[:count])}")
        found.add(f"l{count}:{' '.join(last[:count])}")
    for count in (1, 2):
        found.add(f"e{count}:{' '.join(tokens[-count:])}")
    found.update(f"L:{word}" for word in last)
    found.update(f"H:{word}" for word in first)
    return found


def letters(reading: Reading) -> set[str]:
    """Return runs of three to five letters inside words, which carry endings and word families over languages."""
    found: set[str] = set()
    for word in set(LETTERS.findall(reading.plain)):
        found.update(_letter_runs(word[:LONGEST_WORD]))
    return found


def _letter_runs(word: str) -> Iterator[str]:
    padded = f"_{word}_"
    for size in (3, 4, 5):
        for start in range(len(padded) - size + 1):
            yield f"c:{padded[start : start + size]}"


def skeleton(reading: Reading) -> set[str]:
    """Return the first and the last sentence as sequences of tags (`WHERE BE THE *`), and which tags occur at all."""
    found = {f"any:{TAG_OF[token]}" for token in reading.tokens if token in TAG_OF}
    for prefix, tokens in (("sf", reading.first), ("sl", reading.last)):
        tags = list(tags_of(tokens))
        found.update(_runs(tags, 4, f"{prefix}:"))
        found.update(f"{prefix}^{count}:{' '.join(tags[:count])}" for count in (1, 2, 3, 4))
    return found


def tags_of(tokens: Iterable[str]) -> Iterator[str]:
    """Yield a tag for each token; words without one become `*`, and several in a row become a single one."""
    previous = ""
    for token in tokens:
        tag = TAG_OF.get(token) or _sign(token)
        if tag != "*" or previous != "*":
            yield tag
        previous = tag


def _sign(token: str) -> str:
    return SIGNS.get(token, "*")


def _runs(items: list[str], longest: int, prefix: str) -> Iterator[str]:
    for size in range(1, longest + 1):
        for start in range(len(items) - size + 1):
            yield prefix + " ".join(items[start : start + size])


def measures(reading: Reading) -> Iterator[tuple[str, float]]:
    """Yield the measures: lengths, numbers, commas, questions, quotes, code."""
    tokens, text = reading.tokens, reading.text
    words = [token for token in tokens if token[0].isalnum()]
    count = len(words)
    numbers = sum(word in NUMBERS for word in words)
    yield "d:words", math.log1p(count)
    yield "d:words to 5", min(count, 5) / 5
    yield "d:words 5 to 15", min(max(count - 5, 0), 10) / 10
    yield "d:words 15 to 30", min(max(count - 15, 0), 15) / 15
    yield "d:words 30 to 60", min(max(count - 30, 0), 30) / 30
    yield "d:numbers", min(numbers, 6) / 3
    yield "d:commas", min(text.count(","), 8) / 4
    yield "d:questions", min(text.count("?"), 3)
    ending = text.rstrip()[-1:]
    yield "d:ends with ?", float(ending == "?")
    yield "d:ends with .", float(ending == ".")
    yield "d:quote", float(reading.has_quote)
    yield "d:colon", float(":" in reading.plain)
    yield "d:sentences", min(reading.sentences, 6) / 3
    yield "d:code", min(len(CODE.findall(reading.plain)), 10) / 5
    yield "d:share of last sentence", len(reading.last) / (len(tokens) + 1)
    yield "d:begins upper", float(text[:1].isupper())
    yield "d:word length", sum(map(len, words)) / (count + 1) / 6
