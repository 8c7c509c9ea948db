"""The tree of the workforce: five levels, no cycles, moves one at a time.

A tenant has a few hundred agents at most, so the tree is read whole, in one query, and walked in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from django.db import connection

from agents.exceptions import AgentArchived, CycleRefused, LevelRefused
from agents.levels import Level
from agents.models import Agent


@dataclass(frozen=True)
class Tree:
    """The employed agents (active and paused) and who reports to whom. A value: later changes do not show in it."""

    agents: dict[int, Agent]

    @cached_property
    def _reports(self) -> dict[int | None, list[Agent]]:
        below: dict[int | None, list[Agent]] = {}
        for agent in self.agents.values():
            # A manager that left the tree leaves its reports as roots, so that nobody disappears from the chart.
            key = agent.manager_id if agent.manager_id in self.agents else None
            below.setdefault(key, []).append(agent)
        for siblings in below.values():
            siblings.sort(key=lambda each: (Level(each.level).rank, each.name, each.pk))
        return below

    @property
    def roots(self) -> list[Agent]:
        return list(self._reports.get(None, []))

    def reports(self, agent: Agent) -> list[Agent]:
        """Those who report to the agent directly."""
        return list(self._reports.get(agent.pk, []))

    def subtree(self, agent: Agent) -> Iterator[Agent]:
        """Everyone below the agent, level by level, without the agent."""
        waiting = self.reports(agent)
        while waiting:
            yield from waiting
            waiting = [below for each in waiting for below in self.reports(each)]

    def path_to_root(self, agent: Agent) -> list[Agent]:
        """The agent's manager, that one's manager, and so on up."""
        path: list[Agent] = []
        above = self.agents.get(agent.manager_id) if agent.manager_id else None
        while above is not None and above not in path:
            path.append(above)
            above = self.agents.get(above.manager_id) if above.manager_id else None
        return path

    def lowest_common_manager(self, one: Agent, other: Agent) -> Agent | None:
        """The lowest agent that both report to, at any distance; one of the two when it manages the other.

        None when they stand in different trees.
        """
        line = [one, *self.path_to_root(one)]
        other_line = {each.pk for each in [other, *self.path_to_root(other)]}
        return next((each for each in line if each.pk in other_line), None)

    def with_level(self, level: Level) -> list[Agent]:
        return [each for each in self.agents.values() if each.level == level]


def load_tree() -> Tree:
    """Read the tree of the current tenant, in one query."""
    return Tree({each.pk: each for each in Agent.objects.employed().select_related("role")})


def lock_tree() -> None:
    """Let no other transaction change this tenant's tree until this one ends.

    An advisory lock and not row locks: the rows that a move must not race with are not known before the tree is read.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' agents.hierarchy', 0))")


def check_place(agent: Agent, manager: Agent | None, tree: Tree) -> None:
    """Refuse a place in the tree that breaks it: cycles (naming who is in them), wrong levels, absent managers.

    `agent` carries the level it is to have. Call it under `lock_tree`, with a tree read after the lock.
    """
    if manager is not None:
        _check_manager(agent, manager, tree)
    too_high = [each for each in tree.reports(agent) if not Level(agent.level).is_above(Level(each.level))]
    if agent.pk is not None and too_high:
        names = ", ".join(f"{each.name} ({each.get_level_display().lower()})" for each in too_high)
        raise LevelRefused(
            f"{agent.name} manages {names} and must stay on a level above.",
            extra={"reports": [each.name for each in too_high]},
        )


def _check_manager(agent: Agent, manager: Agent, tree: Tree) -> None:
    # What the caller holds was read before the lock: the tree knows who they are now.
    current = tree.agents.get(manager.pk)
    if current is None:
        raise AgentArchived(f"{manager.name} is archived and cannot manage anyone. Choose somebody on duty.")
    manager = current
    if agent.pk is not None:
        upwards = [manager, *tree.path_to_root(manager)]
        if any(each.pk == agent.pk for each in upwards):
            ring = upwards[: [each.pk for each in upwards].index(agent.pk) + 1]
            raise CycleRefused([each.name for each in reversed(ring)])
    if not Level(manager.level).is_above(Level(agent.level)):
        raise LevelRefused(
            f"{manager.name} is {_a(manager)} and cannot manage {agent.name}, {_a(agent)}: "
            "a manager stands on a higher level."
        )


def _a(agent: Agent) -> str:
    label = Level(agent.level).label.lower()
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"
