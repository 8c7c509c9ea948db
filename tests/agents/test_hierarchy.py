"""The tree of the workforce."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents import hierarchy, workforce
from agents.exceptions import AgentArchived, CycleRefused, HasReports, LevelRefused
from agents.levels import Level
from agents.models import Agent
from tests.agents.conftest import ACTOR, MakeAgent

Line = list[Agent]


@pytest.fixture
def line(make_agent: MakeAgent) -> Line:
    """Five agents, each reporting to the one before, from an executive down to a specialist."""
    agents: Line = []
    for level in Level:
        agents.append(make_agent(f"Line {level.label}", level, agents[-1] if agents else None))
    return agents


@pytest.mark.promise("AGT-2")
def test_a_cycle_is_refused_with_the_names_of_who_would_be_in_it(line: Line) -> None:
    with pytest.raises(CycleRefused) as refused:
        workforce.move_agent(line[1], line[3], actor=ACTOR)
    assert refused.value.names == ["Line Senior manager", "Line Manager", "Line Team lead"]
    assert "Line Senior manager → Line Manager → Line Team lead → Line Senior manager" in refused.value.detail


def test_nobody_manages_themselves(line: Line) -> None:
    with pytest.raises(CycleRefused) as refused:
        workforce.move_agent(line[2], line[2], actor=ACTOR)
    assert refused.value.names == ["Line Manager"]


def test_a_manager_stands_on_a_level_above(line: Line, make_agent: MakeAgent) -> None:
    peer = make_agent("Peer", Level.TEAM_LEAD)
    with pytest.raises(LevelRefused, match="Line Team lead is a team lead and cannot manage Peer, a team lead"):
        workforce.move_agent(peer, line[3], actor=ACTOR)


def test_an_agent_may_skip_levels_upwards(line: Line) -> None:
    moved = workforce.move_agent(line[4], line[0], actor=ACTOR)
    assert moved.manager == line[0]


def test_a_manager_is_not_lowered_to_the_level_of_a_report(line: Line) -> None:
    with pytest.raises(LevelRefused, match=r"manages Line Specialist \(specialist\)"):
        workforce.update_agent(line[3], actor=ACTOR, level=Level.SPECIALIST)


def test_an_agent_with_reports_is_not_archived_away(line: Line) -> None:
    with pytest.raises(HasReports) as refused:
        workforce.archive_agent(line[3], actor=ACTOR)
    assert refused.value.names == ["Line Specialist"]


def test_an_archived_agent_manages_nobody(line: Line, make_agent: MakeAgent) -> None:
    gone = workforce.archive_agent(make_agent("Gone", Level.MANAGER), actor=ACTOR)
    with pytest.raises(AgentArchived, match="Gone is archived"):
        workforce.move_agent(line[4], gone, actor=ACTOR)


def test_without_a_manager_an_agent_is_a_root(line: Line) -> None:
    workforce.move_agent(line[2], None, actor=ACTOR)
    assert line[2] in hierarchy.load_tree().roots


def test_the_tree_knows_reports_subtree_and_the_way_up(line: Line) -> None:
    tree = hierarchy.load_tree()
    assert tree.reports(line[1]) == [line[2]]
    assert list(tree.subtree(line[1])) == line[2:]
    assert tree.path_to_root(line[3]) == line[2::-1]


def test_the_lowest_common_manager_is_the_nearest_both_report_to(line: Line, make_agent: MakeAgent) -> None:
    other = make_agent("Other", Level.SPECIALIST, line[2])
    tree = hierarchy.load_tree()
    assert tree.lowest_common_manager(line[4], other) == line[2]
    assert tree.lowest_common_manager(line[4], line[1]) == line[1]


def test_agents_of_different_trees_have_no_common_manager(line: Line, make_agent: MakeAgent) -> None:
    assert hierarchy.load_tree().lowest_common_manager(line[4], make_agent("Loner")) is None


def test_the_tree_is_read_in_one_query(line: Line, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        tree = hierarchy.load_tree()
        assert tree.roots
        assert list(tree.subtree(line[0]))


def assert_is_a_tree(tree: hierarchy.Tree) -> None:
    for agent in tree.agents.values():
        way = [agent, *tree.path_to_root(agent)]
        assert len({each.pk for each in way}) == len(way)
        assert way[-1].manager_id is None
        for below, above in itertools.pairwise(way):
            assert Level(above.level).is_above(Level(below.level))
    reached = [each.pk for root in tree.roots for each in (root, *tree.subtree(root))]
    assert sorted(reached) == sorted(tree.agents)


Moves = st.lists(
    st.tuples(st.integers(0, 7), st.one_of(st.none(), st.integers(0, 7)), st.one_of(st.none(), st.sampled_from(Level))),
    max_size=25,
)


@pytest.mark.promise("AGT-2")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(levels=st.lists(st.sampled_from(Level), min_size=8, max_size=8), moves=Moves)
def test_whatever_is_moved_the_tree_stays_a_tree(
    make_agent: MakeAgent, levels: list[Level], moves: list[tuple[int, int | None, Level | None]]
) -> None:
    with transaction.atomic():
        agents = [make_agent(f"Agent {index}", level) for index, level in enumerate(levels)]
        for index, manager, level in moves:
            changes: workforce.AgentChanges = {"manager": None if manager is None else agents[manager]}
            if level is not None:
                changes["level"] = level
            try:
                agents[index] = workforce.update_agent(agents[index], actor=ACTOR, **changes)
            except (CycleRefused, LevelRefused):
                continue
            assert_is_a_tree(hierarchy.load_tree())
        assert_is_a_tree(hierarchy.load_tree())
        transaction.set_rollback(True)
