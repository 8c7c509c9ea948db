"""The chat's pages."""

from __future__ import annotations

from typing import Any

import pytest

from agents.chat import conversations
from agents.chat.models import Conversation, Message, Turn
from tenants.context import tenant_context

EVIL = "<script>alert(1)</script> ![x](http://evil.example/x.png) [x](javascript:alert(1))"


@pytest.fixture
def thread(cast: Any) -> Conversation:
    """A conversation of Alice's: a question, a hand-over, a tool with its ticket, an answer."""
    with tenant_context(cast.acme):
        conversation = conversations.open_conversation(cast.alice, title="VPN trouble")
        agent = conversation.agent
        turn = Turn.objects.create(conversation=conversation, actor=cast.alice.actor, state=Turn.State.ANSWERED)
        who = {"slug": agent.slug, "name": agent.name, "icon": agent.icon}
        ticket = {
            "number": "INC-000001",
            "title": "VPN drops",
            "priority": 2,
            "state": "new",
            "url": "/tickets/INC-000001/",
        }
        rows: list[dict[str, Any]] = [
            {"role": "person", "text": f"Why? {EVIL}"},
            {"role": "handover", "data": {"from": who, "to": {**who, "name": "Ada"}, "reason": "knows VPNs"}},
            {
                "role": "tool",
                "agent": agent,
                "data": {
                    "name": "open_ticket",
                    "arguments": "{}",
                    "result": EVIL,
                    "data": {"ticket": ticket},
                    "duration_ms": 4,
                },
            },
            {
                "role": "agent",
                "agent": agent,
                "text": f"**Because.** {EVIL}",
                "model": "gpt-4o",
                "tier": "large",
                "score": 0.7,
                "threshold": 0.4,
                "reasons": ["Complexity 0.70 is above 0.40", "Several steps are asked for", "gpt-4o is large"],
                "input_tokens": 1_200,
                "output_tokens": 34,
                "cost": "0.0051",
                "baseline_cost": "0.0051",
            },
        ]
        for number, row in enumerate(rows, start=1):
            Message.objects.create(conversation=conversation, turn=turn, sequence=number, **row)
    return conversation


def read(client: Any, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.content[:500]
    return str(response.content.decode())


@pytest.mark.promise("CHT-1")
def test_the_thread_shows_who_answered_with_which_model_and_what_it_cost(
    cast: Any, client_of: Any, thread: Conversation
) -> None:
    page = read(client_of(cast.alice, cast.acme), f"/chat/{thread.public_id}/")
    for words in (
        "VPN trouble",
        "gpt-4o",
        "several steps are asked for, score 0.70",
        "1,234 tokens",
        "$0.0051",
        "INC-000001",
    ):
        assert words in page, words
    assert "knows VPNs" in page


@pytest.mark.promise("CHT-1")
def test_what_people_models_and_tools_write_is_no_markup(cast: Any, client_of: Any, thread: Conversation) -> None:
    page = read(client_of(cast.alice, cast.acme), f"/chat/{thread.public_id}/")
    assert "<script>alert" not in page
    assert 'src="http' not in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize("path", ["{id}/", "{id}/turns/{turn}/"])
@pytest.mark.parametrize("who", ["bob", "vera", "charlie"])
def test_nobody_else_finds_it(cast: Any, client_of: Any, thread: Conversation, who: str, path: str) -> None:
    person = getattr(cast, who)
    place = cast.meridian if who == "charlie" else cast.acme
    with tenant_context(cast.acme):
        turn = thread.turns.get().public_id
    read(client_of(person, place), f"/chat/{path.format(id=thread.public_id, turn=turn)}", status=404)


def test_a_viewer_reads_and_has_no_composer(cast: Any, client_of: Any) -> None:
    page = read(client_of(cast.vera, cast.acme), "/chat/")
    assert 'id="composer"' not in page
    assert "role of an operator" in page


def test_a_stranger_is_sent_to_the_login(cast: Any, client_of: Any) -> None:
    response = client_of(None, cast.acme).get("/chat/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/chat/")


def test_an_empty_chat_says_what_it_is_for(cast: Any, client_of: Any) -> None:
    page = read(client_of(cast.bob, cast.acme), "/chat/")
    assert "Your conversations will stand here" in page
    assert "hands everything else to the right colleague" in page


def test_an_agents_page_greets_in_its_name(cast: Any, client_of: Any) -> None:
    page = read(client_of(cast.bob, cast.acme), "/chat/agent/incident-manager/")
    assert 'data-agent="incident-manager"' in page


@pytest.mark.parametrize("path", ["agent/nobody/", "4d95a8ef-5aa3-41dd-a384-0f8c77bd5c35/", "nonsense/"])
def test_what_is_not_there_is_a_404(cast: Any, client_of: Any, path: str) -> None:
    read(client_of(cast.alice, cast.acme), f"/chat/{path}", status=404)


def test_the_list_shows_own_conversations_only(cast: Any, client_of: Any, thread: Conversation) -> None:
    assert "VPN trouble" in read(client_of(cast.alice, cast.acme), "/chat/list/")
    assert "VPN trouble" not in read(client_of(cast.bob, cast.acme), "/chat/list/")


def test_a_page_holds_no_inline_script_or_style(cast: Any, client_of: Any, thread: Conversation) -> None:
    page = read(client_of(cast.alice, cast.acme), f"/chat/{thread.public_id}/")
    assert " style=" not in page
    assert "<script>" not in page
    assert " onclick" not in page


def test_a_fragment_carries_the_line_for_the_head(cast: Any, client_of: Any, thread: Conversation) -> None:
    with tenant_context(cast.acme):
        turn = thread.turns.get()
    response = client_of(cast.alice, cast.acme).get(f"/chat/{thread.public_id}/turns/{turn.public_id}/")
    assert response.status_code == 200
    assert "X-Chat-Line" in response


@pytest.mark.parametrize(
    ("text", "preview"),
    [
        ("**Bold** and `code`", "Bold and code"),
        ("# Title\n\n- one\n- two", "Title one two"),
        ("1. first", "first"),
        ("2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
        ("snake_case stays", "snake_case stays"),
    ],
)
def test_a_preview_is_plain_words(text: str, preview: str) -> None:
    assert conversations.make_preview(text) == preview
