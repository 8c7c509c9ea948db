"""What tests of the workforce work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents import roles, workforce
from agents.levels import Level
from agents.models import Agent, Role

ACTOR = "system:tests"
MakeAgent = Callable[..., Agent]


@pytest.fixture
def role(in_acme: Any) -> Role:
    """A plain role of acme, which any agent may have."""
    return roles.create_role(actor=ACTOR, slug="tester", name="Tester", level=Level.SPECIALIST)


@pytest.fixture
def make_agent(role: Role) -> MakeAgent:
    """A function: an agent of acme with a name, a level and perhaps a manager."""

    def make(name: str, level: str = "specialist", manager: Agent | None = None, **more: Any) -> Agent:
        new = workforce.NewAgent(name=name, role=role, level=Level(level), manager=manager, **more)
        return workforce.create_agent(new, actor=ACTOR)

    return make
