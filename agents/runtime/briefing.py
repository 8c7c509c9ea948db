"""What an agent is given for its next model call: prompt, history, tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from agents.chat import asking
from agents.chat.asking import Begun, Question
from agents.models import Agent
from agents.runtime.events import CallFigures
from agents.runtime.memory import WireMessage
from agents.runtime.prompt import Situation, colleagues_of, system_prompt
from agents.tools import Asker, openai_schema, tools_for
from tenants.standing import renew

log = structlog.get_logger(__name__)

HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class Briefing:
    """What one agent needs for its next model call."""

    user: Asker
    agent: Agent
    messages: Sequence[WireMessage]
    tools: Sequence[WireMessage]


@dataclass(slots=True)
class Progress:
    """How far the turn has come. `transcript` is what the agent that has it now said and was told by tools."""

    agent: Agent
    transcript: list[WireMessage] = field(default_factory=list)
    calls: list[CallFigures] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    had_it: list[int] = field(default_factory=list)
    handed_over: str = ""
    rounds: int = 0
    tool_calls: int = 0


def begin(question: Question, *, owner: str) -> tuple[Begun, Briefing | None]:
    """Store the question and make the first briefing, in one go on one connection: it stands before the first token.

    Without a briefing the turn makes its own: nothing may go wrong between the commit and the start of the turn.
    """
    begun = asking.begin(question, owner=owner)
    if not begun.is_new:
        return begun, None
    try:
        return begun, _brief(begun, Progress(begun.agent), begun.question.user)
    except Exception:
        log.exception("no first briefing", turn=str(begun.turn_id))
        return begun, None


def brief(begun: Begun, progress: Progress) -> Briefing:
    """Check that the asker may still ask, and put the next prompt together. Raises StandingLost."""
    return _brief(begun, progress, renew(begun.question.user, begun.question.tenant))


def _brief(begun: Begun, progress: Progress, user: Asker) -> Briefing:
    question, agent = begun.question, progress.agent
    tools = tools_for(agent, user)
    can_hand_over = any(tool.name == HAND_OVER for tool in tools)
    prompt = system_prompt(
        agent,
        colleagues_of(agent, question.text, except_for=progress.had_it) if can_hand_over else [],
        Situation(
            organization=question.tenant.name,
            person=user.display_name,
            summary=begun.memory.summary,
            handed_over=progress.handed_over,
            done_so_far=progress.done,
        ),
    )
    messages: list[Any] = [
        {"role": "system", "content": prompt},
        *(begun.memory.messages if question.history is None else question.history),
        {"role": "user", "content": question.text},
        *progress.transcript,
    ]
    return Briefing(user, agent, messages, openai_schema(tools))
