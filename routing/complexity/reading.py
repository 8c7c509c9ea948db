"""Read a query once: bounded, plain, in tokens and sentences. Everything else in this package looks at a `Reading`."""

import re
import unicodedata
from dataclasses import dataclass

HEAD = 1_500
TAIL = 1_000
"""Characters read from the beginning and from the end of a text; what lies between is not looked at."""

TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[?!:%\u20ac$\u00a3=<>{}()\[\]`\"]|\n")
QUOTE = re.compile(r'"[^"]{8,}"|\u201c[^\u201d]{8,}\u201d|\u00ab[^\u00bb]{8,}\u00bb')
SENTENCE_END = re.compile(r"[.!?]+\s+|\n+|;\s+")
CHOICES = re.compile(r"\n\s*\(?[A-E][.)]\s")


@dataclass(frozen=True, slots=True)
class Reading:
    """A query as the features see it. In `plain` what was quoted is left out: it is material, not the question."""

    text: str
    plain: str
    tokens: list[str]
    first: list[str]
    last: list[str]
    sentences: int
    has_quote: bool
    length: int


def bounded(text: str) -> str:
    """Return head and tail of a long text, so that the cost of reading has a limit."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def plain(text: str) -> str:
    """Return `text` in lower case without accents, with straight apostrophes."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()


def tokens_of(text: str) -> list[str]:
    """Return words, telling signs and line ends; numbers become a run of zeros, codes become `a0`."""
    return [_shape(word) for word in TOKEN.findall(text)]


def _shape(word: str) -> str:
    if word.isdigit():
        return "0" * min(len(word), 4)
    return "a0" if any(char.isdigit() for char in word) else word


def read(text: str) -> Reading:
    """Read a query."""
    kept = bounded(text)
    unquoted = QUOTE.sub(' "quote" ', plain(kept))
    parts = [part for part in SENTENCE_END.split(unquoted.strip()) if part.strip()]
    return Reading(
        text=kept,
        plain=unquoted,
        tokens=tokens_of(unquoted),
        first=tokens_of(parts[0]) if parts else [],
        last=tokens_of(parts[-1]) if parts else [],
        sentences=len(parts),
        has_quote='"quote"' in unquoted,
        length=len(text),
    )
