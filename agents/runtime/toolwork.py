"""One tool call: rights and arguments checked, run, kept, metered and audited, in a transaction of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from agents.chat import journal
from agents.chat.asking import Begun
from agents.chat.journal import ToolRecord
from agents.models import Agent
from agents.tools import Asker, ToolContext, ToolResult, call_tool, find_tool
from billing import metering
from routing.gateway import ToolCall

RESULT_CHARACTERS = 12_000


def perform(begun: Begun, agent: Agent, user: Asker, call: ToolCall) -> tuple[ToolResult, ToolRecord]:
    """Run the tool inside the tenant's context, with the asker's rights.

    A tool that writes shares its transaction with the message, the usage record and the audit entry: all of them are
    there, or none. A tool that only reads runs before it, so that a query it breaks takes nothing along.
    """
    context = ToolContext(
        tenant=begun.question.tenant,
        agent=agent,
        user=user,
        actor=agent.actor,
        conversation=begun.conversation_id,
    )

    def work() -> ToolResult:
        return call_tool(context, call.name, call.arguments)

    tool = find_tool(call.name)
    if tool is not None and tool.writes:
        with transaction.atomic():
            return _timed(begun, agent, call, work)
    return _timed(begun, agent, call, work)


def _timed(begun: Begun, agent: Agent, call: ToolCall, work: Callable[[], ToolResult]) -> tuple[ToolResult, ToolRecord]:
    started = time.perf_counter()
    result = work()
    duration_ms = round((time.perf_counter() - started) * 1000)
    record = ToolRecord(
        call_id=call.id,
        name=call.name,
        arguments=call.arguments,
        result=shorten(result.text),
        data=_as_json(result.data),
        failed=result.failed,
        duration_ms=duration_ms,
    )
    with transaction.atomic():
        keep(begun, agent, record)
    return result, record


def keep(begun: Begun, agent: Agent, record: ToolRecord) -> None:
    """Store the call's message, usage record and audit entry in the open transaction."""
    user = begun.question.user
    is_key = user.actor.startswith("key:")
    metering.count(
        "tool_call",
        name=record.name[:100],
        query_id=begun.query_id,
        agent_id=agent.public_id,
        agent_slug=agent.slug,
        person_id=None if is_key else user.public_id,
        key_id=user.public_id if is_key else None,
        conversation_id=begun.conversation_id,
        latency_ms=record.duration_ms,
        outcome="failed" if record.failed else "final",
    )
    journal.keep_tool(begun, agent, record)


def _as_json(data: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(dict(data), cls=DjangoJSONEncoder))
    return values


def shorten(text: str) -> str:
    """What a model gets of a long result; it is told that there was more."""
    if len(text) <= RESULT_CHARACTERS:
        return text
    return text[:RESULT_CHARACTERS] + f"\n[cut: {len(text):,} characters in all]"
