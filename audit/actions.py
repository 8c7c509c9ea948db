"""The wording of actions, registered by the apps that own them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    words: str
    icon: str = ""


class _Gaps(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


_actions: dict[str, Action] = {}


def register(action: str, words: str, icon: str = "") -> None:
    """Give `action` (`app.noun.past_participle`) its words; `{name}` takes a key of the payload."""
    _actions[action] = Action(action, words, icon)


def find(action: str) -> Action:
    """The registered action, or one that shows its bare name."""
    return _actions.get(action) or Action(action, action.replace("_", " ").replace(".", " "))


def registered() -> list[Action]:
    return [_actions[name] for name in sorted(_actions)]


def describe(action: str, payload: Mapping[str, Any] | None) -> str:
    """The words of an entry; what the payload lacks (or an erased payload) shows as an ellipsis."""
    return find(action).words.format_map(_Gaps(payload or {}))
