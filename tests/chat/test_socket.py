"""One conversation over `/ws/chat/`, end to end with the demo provider."""

from __future__ import annotations

import pytest

from tests.chat.conftest import Connect, Place


@pytest.mark.promise("CHT-1")
async def test_a_greeting_is_answered_in_a_stream(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask("Hi")
    assert answered["type"] == "answered", answered
    types = [frame["type"] for frame in client.frames]
    assert types[:4] == ["hello", "accepted", "started", "routed"]
    text = "".join(frame["text"] for frame in client.frames if frame["type"] == "delta")
    assert text == answered["text"]
