"""`agent/<slug>` as a model for OpenAI's clients: the agent's whole turn behind one chat completion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from agents.chat.asking import Question
from agents.chat.models import Conversation
from agents.models import Agent
from agents.runtime.events import LAST_EVENTS, CallFigures, TextWritten, Total, TurnEvent, TurnStopped
from agents.runtime.registry import Launched, registry
from routing.gateway import Event, ModelCall, TextDelta, Usage
from routing.gateway_models import Report, register_prefix
from tenants.exceptions import Invalid, ServiceUnavailable

PREFIX = "agent/"
BETWEEN_AGENTS = "\n\n"


class AgentSource:
    """See `routing.gateway_models.ModelSource`."""

    def list_names(self) -> list[str]:
        return list(Agent.objects.on_duty().order_by("slug").values_list("slug", flat=True))

    @asynccontextmanager
    async def open(self, name: str, call: ModelCall, user: Any) -> AsyncIterator[AgentAnswer]:
        """Open an answer of the agent. Raises Invalid for what an agent does not take from a client."""
        answer = AgentAnswer(name, call, _question(name, call, user))
        try:
            yield answer
        finally:
            await answer.settle()


def _question(name: str, call: ModelCall, user: Any) -> Question:
    if call.tools:
        raise Invalid("An agent brings its own tools. Leave `tools` out, or ask a model instead of an agent.")
    *history, last = call.messages
    if last.get("role") != "user":
        raise Invalid("An agent answers a person: the last message must have the role user.")
    return Question(
        tenant=call.tenant,
        user=user,
        text=text_of(last),
        agent_slug=name,
        source=Conversation.Source.OPENAI,
        history=[_plain(message) for message in history if message.get("role") in ("user", "assistant", "system")],
        is_admitted=True,
    )


def text_of(message: Mapping[str, Any]) -> str:
    """The words of a message, whose content is a text or a list of parts. Raises Invalid for pictures and sound."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    if any(part.get("type") != "text" for part in content):
        raise Invalid("An agent reads text only.")
    return "".join(str(part.get("text", "")) for part in content)


def _plain(message: Mapping[str, Any]) -> dict[str, str]:
    return {"role": str(message["role"]), "content": text_of(message)}


class AgentAnswer:
    """See `routing.gateway_models.OpenedAnswer`."""

    def __init__(self, name: str, call: ModelCall, question: Question) -> None:
        self._name, self._call, self._question = name, call, question
        self._heard: asyncio.Queue[TurnEvent] = asyncio.Queue()
        self._launched: Launched | None = None
        self._texts: list[str] = []
        self._message: Any = None
        self._last: TurnEvent | None = None

    async def events(self) -> AsyncGenerator[Event]:
        """Yield the agents' text. Raises the turn's refusal, also in the middle."""
        self._launched = await registry().start(self._question, listener=self._heard.put_nowait)
        while self._last is None:
            event = await self._heard.get()
            if isinstance(event, TextWritten):
                yield TextDelta(self._take(event))
            elif isinstance(event, LAST_EVENTS):
                self._last = event
        running = self._launched.running
        if running is not None and running.run.refusal is not None:
            raise running.run.refusal
        if isinstance(self._last, TurnStopped) and self._last.reason != "stopped":
            raise ServiceUnavailable("The server is being restarted; the answer is not complete.")

    def _take(self, event: TextWritten) -> str:
        """The piece of text, set apart when another message begins."""
        begins_anew = bool(self._texts) and event.message_id != self._message
        self._message = event.message_id
        piece = (BETWEEN_AGENTS if begins_anew else "") + event.text
        self._texts.append(piece)
        return piece

    async def settle(self) -> None:
        """Wait until the turn is settled; a client that has gone away stops it."""
        running = self._launched.running if self._launched is not None else None
        if running is None:
            return
        if self._last is None:
            running.run.stop()
        self._last = await running.wait()

    @property
    def report(self) -> Report:
        calls: Sequence[CallFigures] = getattr(self._last, "calls", ())
        total = Total.of(calls)
        last = calls[-1] if calls else None
        return Report(
            query_id=self._launched.begun.query_id if self._launched is not None else self._call.query_id,
            text="".join(self._texts),
            tool_calls=(),
            finish_reason="stop",
            usage=Usage(total.input_tokens, total.output_tokens, total.cached_tokens),
            cost=total.cost,
            baseline_cost=total.baseline_cost,
            model=last.model if last else "",
            provider=last.provider if last else "",
            tier=last.tier if last else "",
            score=(last.score or 0.0) if last else 0.0,
            interrupted=isinstance(self._last, TurnStopped),
        )


def register() -> None:
    register_prefix(PREFIX, AgentSource())
