"""The queries that `demo_history` plays."""

import pytest

from agents.starter import BRANCHES, full_team
from orchestrall.demo_history import choose, load_talks


@pytest.mark.parametrize("industry", BRANCHES)
def test_every_industry_has_a_day_of_queries_for_agents_it_has(industry: str) -> None:
    talks = load_talks(industry)
    team = {place.slug for place in full_team(industry)}
    assert sum(len(talk.ask) for talk in talks) >= 55
    assert {talk.to for talk in talks if talk.to} <= team


@pytest.mark.parametrize("queries", [0, 1, 7, 200])
def test_exactly_as_many_queries_are_given_out_as_were_asked_for(queries: int) -> None:
    assert sum(len(talk.ask) for talk in choose(load_talks("technology"), queries)) == queries
