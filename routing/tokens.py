"""Tokens guessed from text, for decisions and for answers whose usage nobody told. Always marked as estimated."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
TOKENS_PER_PICTURE = 1_000


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has: a token for four bytes, at least one if there is any text."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def estimate_input_tokens(messages: Iterable[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()) -> int:
    """Return about how many tokens a request has: its messages, tool calls and tools."""
    total = 3
    for message in messages:
        total += TOKENS_PER_MESSAGE + estimate_tokens(text_of(message.get("content")))
        total += TOKENS_PER_PICTURE * count_pictures(message.get("content"))
        if calls := message.get("tool_calls"):
            total += estimate_tokens(json.dumps(calls, default=str))
    return total + (estimate_tokens(json.dumps(tools, default=str)) if tools else 0)


def text_of(content: Any) -> str:
    """Return the text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "\n".join(text for text in texts if isinstance(text, str))
    return ""


def count_pictures(content: Any) -> int:
    """Return how many pictures a message's content holds."""
    if not isinstance(content, list):
        return 0
    return sum(isinstance(part, Mapping) and part.get("type") in ("image_url", "input_image") for part in content)


def question_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the text whose complexity counts: what the person said last."""
    for message in reversed(messages):
        if message.get("role") == "user":
            return text_of(message.get("content"))
    return text_of(messages[-1].get("content")) if messages else ""
