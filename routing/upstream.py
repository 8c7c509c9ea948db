"""One request to one provider, over the `openai` SDK: deltas out, failures classified, streams always closed."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from openai import OpenAIError
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk

from routing.failover import ProviderFailure, classify
from routing.providers.catalogue import ModelOption
from routing.providers.clients import client_for
from routing.providers.registry import provider_kind


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call. `cached_tokens` are a part of `input_tokens`; `is_estimated`: nobody told, they are guessed."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class ToolFragment:
    """A piece of a tool call; pieces of the same `index` belong together."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """What came with one chunk."""

    text: str = ""
    fragments: tuple[ToolFragment, ...] = ()
    finish_reason: str = ""
    usage: Usage | None = None

    @property
    def says_something(self) -> bool:
        return bool(self.text or self.fragments)


@dataclass(slots=True)
class Collected:
    """An answer as it comes together. `pieces` counts chunks with content: about one token each."""

    texts: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    finish_reason: str = ""
    usage: Usage | None = None
    pieces: int = 0

    def add(self, delta: Delta) -> None:
        self.pieces += delta.says_something
        if delta.text:
            self.texts.append(delta.text)
        for fragment in delta.fragments:
            call = self.calls.setdefault(fragment.index, {"id": "", "name": "", "arguments": ""})
            call["id"] = call["id"] or fragment.id
            call["name"] += fragment.name
            call["arguments"] += fragment.arguments
        self.finish_reason = delta.finish_reason or self.finish_reason
        self.usage = delta.usage or self.usage

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def is_complete(self) -> bool:
        return bool(self.finish_reason or self.usage)


async def ask(
    option: ModelOption, request: Mapping[str, Any], *, stream: bool, correlation_id: str
) -> AsyncGenerator[Delta]:
    """Send a chat completion and yield what comes. Raises ProviderFailure, also in the middle of an answer.

    `correlation_id` travels as `X-Request-Id`, so that the provider's books can be compared with ours. Closing this
    generator closes the provider's connection.
    """
    wire = provider_kind(option.kind).parameters({**request, "model": option.model}, option.endpoint.base_url)
    headers = {"X-Request-Id": correlation_id, "X-Client-Request-Id": correlation_id}
    try:
        deltas = _ask_stream(option, wire, headers) if stream else _ask_whole(option, wire, headers)
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta
    except (OpenAIError, ValueError, TypeError, AttributeError, IndexError) as error:
        # A server that answers nonsense makes the SDK trip in many ways; all of them mean the same.
        raise classify(error) from error


async def _ask_stream(option: ModelOption, request: dict[str, Any], headers: dict[str, str]) -> AsyncGenerator[Delta]:
    completions = client_for(option.endpoint).chat.completions
    stream = await completions.create(
        **request, stream=True, stream_options={"include_usage": True}, extra_headers=headers
    )
    async with stream:
        async for chunk in stream:
            yield _delta(chunk)


def _delta(chunk: ChatCompletionChunk) -> Delta:
    usage = _usage(chunk.usage) if chunk.usage else None
    if not chunk.choices:
        return Delta(usage=usage)
    choice = chunk.choices[0]
    fragments = tuple(
        ToolFragment(
            call.index or 0,
            call.id or "",
            (call.function and call.function.name) or "",
            (call.function and call.function.arguments) or "",
        )
        for call in choice.delta.tool_calls or ()
    )
    return Delta(choice.delta.content or choice.delta.refusal or "", fragments, choice.finish_reason or "", usage)


async def _ask_whole(option: ModelOption, request: dict[str, Any], headers: dict[str, str]) -> AsyncGenerator[Delta]:
    completion = await client_for(option.endpoint).chat.completions.create(**request, extra_headers=headers)
    if isinstance(completion, str) or not completion.choices:
        raise ProviderFailure("unreadable", "answered something that is not an answer")
    choice = completion.choices[0]
    fragments = tuple(
        ToolFragment(index, call.id, call.function.name, call.function.arguments)
        for index, call in enumerate(choice.message.tool_calls or ())
    )
    usage = _usage(completion.usage) if completion.usage else None
    yield Delta(
        choice.message.content or choice.message.refusal or "", fragments, choice.finish_reason or "stop", usage
    )


def _usage(given: CompletionUsage) -> Usage:
    details = given.prompt_tokens_details
    cached = (details.cached_tokens or 0) if details else 0
    return Usage(given.prompt_tokens or 0, given.completion_tokens or 0, cached)
