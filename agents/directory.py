"""Who can do what: a search over names, roles and descriptions, for agents and people."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from agents.levels import Level
from agents.models import Agent
from audit.feed import AppendedEntry
from tenants.context import current_tenant

_WORD = re.compile(r"[^\W_]+")
_FILLERS = frozenset(
    _WORD.findall(
        "a an and any are as at be but by can do does every for from give has have how i in is it me my need needs of"
        " on or our out please so that the their them there this to us want we what when who why will with you your"
    )
)


# A prompt for each model call lists colleagues: reading them each time would cost more than all the rest.
FRESH_S = 5.0
_snapshots: dict[UUID, tuple[float, list[Agent]]] = {}


def search(words: str, *, limit: int = 5, leave_out: int | None = None) -> list[Agent]:
    """Return agents on duty that fit the words, best first.

    A word in an agent's name or role weighs three times one in its description; rare words weigh more than common
    ones (inverse document frequency). Agents that share no word are left out.
    """
    return rank(words, [each for each in _on_duty() if each.pk != leave_out])[:limit]


def on_duty() -> list[Agent]:
    """Agents on duty with their roles, specialists first, as of at most five seconds ago. Read only."""
    tenant, now = current_tenant().id, time.monotonic()
    known = _snapshots.get(tenant)
    if known is None or known[0] < now:
        known = _snapshots[tenant] = (now + FRESH_S, _on_duty())
    return known[1]


def find_on_duty(agent_pk: int) -> Agent | None:
    """One of `on_duty` by key."""
    return next((each for each in on_duty() if each.pk == agent_pk), None)


def forget(tenant_id: UUID, entries: list[AppendedEntry]) -> None:
    """Feed subscriber: read the agents afresh after one was changed."""
    if any(entry.action.startswith("agents.") for entry in entries):
        _snapshots.pop(tenant_id, None)


def _on_duty() -> list[Agent]:
    people = list(Agent.objects.on_duty().select_related("role").order_by("id"))
    return sorted(people, key=lambda each: -Level(each.level).rank)


def rank(words: str, people: Sequence[Agent]) -> list[Agent]:
    """Those of `people` that share a telling word with the text, best first."""
    wanted = set(_stems(words))
    papers = {each.pk: _paper(each) for each in people}
    seen_in = Counter(stem for paper in papers.values() for stem in paper)
    scored = [
        (
            sum(
                papers[each.pk][stem] * math.log(1 + len(people) / seen_in[stem])
                for stem in wanted & papers[each.pk].keys()
            ),
            each,
        )
        for each in people
    ]
    scored.sort(key=lambda pair: (-pair[0], pair[1].level != "specialist", pair[1].name))
    return [each for score, each in scored if score > 0]


def _paper(agent: Agent) -> dict[str, float]:
    weights: dict[str, float] = dict.fromkeys(_stems(f"{agent.description} {agent.role.description}"), 1.0)
    weights.update(dict.fromkeys(_stems(f"{agent.name} {agent.slug} {agent.role.name}"), 3.0))
    return weights


@lru_cache(maxsize=4096)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(_stem(word) for word in _WORD.findall(text.casefold()) if word not in _FILLERS)


def _stem(word: str) -> str:
    # Crude on purpose: plural and gerund meet their verb, which is all that a directory of a few hundred needs.
    for ending in ("ations", "ation", "ings", "ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
