"""Who can do what: a search over names, roles and descriptions, for agents and people."""

from __future__ import annotations

import math
import re
from collections import Counter

from agents.models import Agent

_WORD = re.compile(r"[^\W_]+")
_FILLERS = frozenset(
    _WORD.findall(
        "a an and any are as at be but by can do does every for from give has have how i in is it me my need needs of"
        " on or our out please so that the their them there this to us want we what when who why will with you your"
    )
)


def search(words: str, *, limit: int = 5, leave_out: int | None = None) -> list[Agent]:
    """Return agents on duty that fit the words, best first.

    A word in an agent's name or role weighs three times one in its description; rare words weigh more than common
    ones (inverse document frequency). Agents that share no word are left out.
    """
    wanted = set(_stems(words))
    people = [each for each in Agent.objects.on_duty().select_related("role") if each.pk != leave_out]
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
    return [each for score, each in scored[:limit] if score > 0]


def _paper(agent: Agent) -> dict[str, float]:
    weights: dict[str, float] = dict.fromkeys(_stems(f"{agent.description} {agent.role.description}"), 1.0)
    weights.update(dict.fromkeys(_stems(f"{agent.name} {agent.slug} {agent.role.name}"), 3.0))
    return weights


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.casefold()) if word not in _FILLERS]


def _stem(word: str) -> str:
    # Crude on purpose: plural and gerund meet their verb, which is all that a directory of a few hundred needs.
    for ending in ("ations", "ation", "ings", "ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
