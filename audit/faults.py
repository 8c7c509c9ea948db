"""What can be wrong with a chain, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KINDS: Final[dict[str, tuple[str, str]]] = {
    "edited": ("Edited", "an entry’s text differs from its hash"),
    "deleted": ("Deleted", "a number is missing"),
    "inserted": ("Inserted", "an entry stands where none was written"),
    "reordered": ("Reordered", "the links cross"),
    "duplicated": ("Duplicated", "an entry stands there twice"),
    "truncated": ("Cut short", "the end is missing"),
    "restored": ("Restored", "the chain is older than it was"),
    "recomputed": ("Rewritten", "links fit, the memory of former checks does not"),
    "foreign": ("From elsewhere", "an entry of another organization"),
    "forked": ("Forked", "two entries follow the same one"),
    "downgraded": ("Downgraded", "an entry in a weaker format"),
    "payload": ("Payload", "the details differ from their digest"),
}
"""Kind, its title and what it means in a few words; in the order in which pages list them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the first position that is wrong (for a cut tail the first that is missing), its kind, and why."""

    seq: int
    kind: str
    words: str

    @property
    def title(self) -> str:
        return KINDS[self.kind][0]

    def __str__(self) -> str:
        return f"entry {self.seq}: {self.kind}: {self.words}"
