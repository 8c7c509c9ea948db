"""How the demo provider counts tokens.

The rule is deterministic and can be repeated by hand: up to six word characters in a row are one token, any other
visible character is one token, and white space belongs to the token after it (at the very end: to the one before).
The tokens of a text, joined, are the text again, so what was streamed is exactly what is counted.
"""

import json
import re
from typing import Any

PIECE = re.compile(r"\s*(?:\w{1,6}|[^\w\s])(?:\s+\Z)?|\s+\Z")

TOKENS_PER_MESSAGE = 4
TOKENS_PER_REPLY = 3


def split_tokens(text: str) -> list[str]:
    """Return the tokens of `text`, in order; joined they are `text`."""
    return PIECE.findall(text)


def count_tokens(text: str) -> int:
    """Return how many tokens `text` has."""
    return len(PIECE.findall(text))


def count_input_tokens(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> int:
    """Return the input tokens of a request: its messages, tool calls and tools, with a fixed share per message."""
    total = TOKENS_PER_REPLY
    for message in messages:
        total += TOKENS_PER_MESSAGE + count_tokens(message["content"])
        for call in message.get("tool_calls") or ():
            total += count_tokens(call["function"]["name"]) + count_tokens(call["function"]["arguments"])
    if tools:
        total += count_tokens(json.dumps(tools, separators=(",", ":"), sort_keys=True))
    return total
