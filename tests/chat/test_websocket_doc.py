"""`docs/websocket.md` names every frame and limit there is, and none that is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from agents.chat import frames, viewer
from agents.chat.consumers import CLOSE_TOO_SLOW
from agents.chat.models import CLIENT_ID_LENGTH, MAX_QUESTION_LENGTH
from agents.chat.stream import STREAM_FRAMES
from tenants.sockets import CLOSE_FORBIDDEN

DOC = Path(settings.BASE_DIR / "docs" / "websocket.md").read_text()


def types_in(heading: str) -> set[str]:
    part = DOC.partition(f"### {heading}")[2].partition("\n#")[0]
    return set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE))


def test_the_frames_of_clients_are_those_that_are_read() -> None:
    assert types_in("From the client") == set(frames.CLIENT_TYPES)


def test_the_frames_of_the_server_are_those_that_are_sent() -> None:
    folder = Path(settings.BASE_DIR / "agents" / "chat")
    code = "".join((folder / f"{name}.py").read_text() for name in ("frames", "consumers", "snapshots"))
    sent = set(re.findall(r'"type": "(\w+)"', code)) - {"object"}
    assert types_in("From the server") == sent


@pytest.mark.parametrize(
    "figure",
    [
        f"{MAX_QUESTION_LENGTH:,}",
        f"{viewer.MAX_UNACKED_FRAMES}",
        f"{viewer.PATIENCE_S:g} seconds",
        f"{frames.MAX_FRAME_BYTES // 1024} KiB",
        f"{STREAM_FRAMES:,}",
        f"{CLIENT_ID_LENGTH} characters",
        f"code {CLOSE_TOO_SLOW}",
        f"code {CLOSE_FORBIDDEN}",
    ],
)
def test_figures_in_the_document_are_those_of_the_code(figure: str) -> None:
    assert figure in DOC
