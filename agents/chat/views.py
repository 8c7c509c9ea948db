"""Pages of the chat. The thread is drawn here, also the parts that a running page asks for when an answer is done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from agents.chat import conversations, thread
from agents.chat.exceptions import NobodyOnDuty
from agents.chat.models import MAX_QUESTION_LENGTH, Conversation, Turn
from agents.models import Agent
from tenants.decorators import permission_required_here

VIEW = "chat.view_conversation"


@require_GET
@permission_required_here(VIEW)
def front_desk(request: HttpRequest) -> HttpResponse:
    """A new conversation with the front desk."""
    try:
        agent = conversations.find_front_desk()
    except NobodyOnDuty as refusal:
        return _page(request, None, None, refusal=refusal)
    return _page(request, agent, None, channel=Conversation.Channel.FRONT_DESK)


@require_GET
@permission_required_here(VIEW)
def with_agent(request: HttpRequest, slug: str) -> HttpResponse:
    """A new conversation with one agent."""
    try:
        agent = conversations.find_agent(slug)
    except NobodyOnDuty as refusal:
        return _page(request, None, None, refusal=refusal)
    return _page(request, agent, None, channel=Conversation.Channel.AGENT)


@require_GET
@permission_required_here(VIEW)
def conversation(request: HttpRequest, id: UUID) -> HttpResponse:
    """A conversation of the person who asks."""
    found = conversations.find_conversation(id, request.user)
    return _page(request, found.agent, found, channel=found.channel)


@require_GET
@permission_required_here(VIEW)
def turn(request: HttpRequest, id: UUID, turn: UUID) -> HttpResponse:
    """One turn of a conversation, as a fragment."""
    found = conversations.find_conversation(id, request.user)
    blocks = thread.blocks_of(found, turn_id=turn)
    response = render(request, "chat/_turns.html", {"blocks": blocks}, status=200 if blocks else 404)
    # The line under the conversation's name goes along, for whoever draws the fragment.
    response["X-Chat-Line"] = render_to_string("chat/_today.html", {"today": thread.today_of(found)}).strip()
    return response


@require_GET
@permission_required_here(VIEW)
def listing(request: HttpRequest) -> HttpResponse:
    """The list of conversations, as a fragment."""
    context = {"groups": thread.groups_of(request.user), "current": request.GET.get("current", "")}
    return render(request, "chat/_list.html", context)


def _page(
    request: HttpRequest,
    agent: Agent | None,
    found: Conversation | None,
    *,
    channel: str = Conversation.Channel.FRONT_DESK,
    refusal: NobodyOnDuty | None = None,
) -> HttpResponse:
    blocks = thread.blocks_of(found) if found is not None else []
    running = next((block.turn for block in blocks if block.turn.is_running), None)
    context: dict[str, Any] = {
        "nav": "chat",
        "agent": agent,
        "conversation": found,
        "channel": channel,
        "is_front_desk": channel == Conversation.Channel.FRONT_DESK,
        "blocks": [block for block in blocks if block.turn.state != Turn.State.RUNNING],
        "running": running,
        "has_older": found is not None and thread.has_older(found, blocks),
        "today": thread.today_of(found) if found is not None else None,
        "groups": thread.groups_of(request.user),
        "current": str(found.public_id) if found is not None else "",
        "can_send": request.user.has_perm("chat.send_message"),
        "limit": MAX_QUESTION_LENGTH,
        "refusal": refusal,
        "is_new": "new" in request.GET or channel == Conversation.Channel.AGENT,
    }
    return render(request, "chat/thread.html", context, status=200 if refusal is None else refusal.status)
