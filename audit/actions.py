"""The wording of actions, registered by the apps that perform them in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from audit.entry import ACTION


@dataclass(frozen=True, slots=True)
class Wording:
    """How an action reads after the actor's name: `hired {name}`, keys from the payload."""

    action: str
    words: str
    icon: str = ""


_wordings: dict[str, Wording] = {}


def register(action: str, wording: str, icon: str = "") -> None:
    """Register how `action` reads; `wording` is a format string over the payload's keys.

    Raises ValueError for a name that is not `app.noun.past_participle`, or one registered with other words.
    """
    if not ACTION.fullmatch(action):
        raise ValueError(f"Not an action (app.noun.past_participle): {action!r}")
    new = Wording(action, wording, icon)
    if _wordings.setdefault(action, new) != new:
        raise ValueError(f"{action} is already registered with other words.")


def registered() -> dict[str, Wording]:
    """Return all wordings by action, sorted."""
    return dict(sorted(_wordings.items()))


def icon_of(action: str) -> str:
    known = _wordings.get(action)
    return known.icon if known else ""


def describe(action: str, payload: Mapping[str, Any] | None) -> str:
    """Return the sentence part for an entry; without a registered wording or with an erased payload, a plain one."""
    known = _wordings.get(action)
    if known is None:
        noun, _, verb = action.partition(".")[2].partition(".")
        return f"{verb} {noun}".replace("_", " ")
    return _Words().vformat(known.words, (), payload or {})


class _Words(Formatter):
    """Fills in payload values; a missing one reads as `…`, and nothing but plain keys is looked up."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        value = kwargs.get(field_name)
        if value is None or value == "":
            return "…", field_name
        if isinstance(value, list):
            return ", ".join(str(item) for item in value), field_name
        return value, field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        try:
            return str(super().format_field(value, format_spec))
        except (ValueError, TypeError):
            return str(value)
