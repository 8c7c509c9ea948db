"""`/api/v1/conversations/` and `/api/v1/messages/`: the same chat without a socket."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from asgiref.sync import async_to_sync
from django.db import connections
from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from agents.chat import conversations, sse
from agents.chat.asking import Question
from agents.chat.models import Conversation, Message, Turn
from agents.chat.serializers import (
    ConversationChange,
    ConversationSerializer,
    MessageSerializer,
    NewConversation,
    NewMessage,
    TurnSerializer,
)
from agents.runtime.registry import Launched, registry
from tenants.context import current_tenant
from tenants.exceptions import NotFound, Refusal

EVENT_STREAM = "text/event-stream"
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Same as `client_id` in the body."
)


class StreamOrJson(DefaultContentNegotiation):
    """Lets `Accept: text/event-stream` pass: the view answers it itself."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        if wants_stream(request):
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


def wants_stream(request: Any) -> bool:
    return EVENT_STREAM in request.headers.get("Accept", "")


class ConversationFilters(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=Conversation.State.choices)
    channel = django_filters.ChoiceFilter(choices=Conversation.Channel.choices)
    source = django_filters.ChoiceFilter(choices=Conversation.Source.choices)
    agent = django_filters.CharFilter("agent__slug", label="Slug of the agent that has it")

    class Meta:
        model = Conversation
        fields: ClassVar[list[str]] = []


class ConversationViewSet(viewsets.GenericViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Your own conversations: those of the person or the key that asks."""

    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    serializer_class = ConversationSerializer
    filterset_class = ConversationFilters
    content_negotiation_class = StreamOrJson
    permissions: ClassVar[dict[str, str]] = {
        "list": "chat.view_conversation",
        "retrieve": "chat.view_conversation",
        "create": "chat.send_message",
        "partial_update": "chat.send_message",
        "messages": "chat.view_conversation",
        "ask": "chat.send_message",
        "turn": "chat.view_conversation",
        "stop": "chat.send_message",
    }

    def get_queryset(self) -> QuerySet[Conversation]:
        if getattr(self, "swagger_fake_view", False):
            return Conversation.objects.none()
        return conversations.conversations_of(self.request.user)

    @extend_schema(request=NewConversation, responses={201: ConversationSerializer})
    def create(self, request: Request) -> Response:
        """Open a conversation with an agent, or without `agent` with the front desk."""
        asked = NewConversation(data=request.data)
        asked.is_valid(raise_exception=True)
        made = conversations.open_conversation(
            request.user,
            agent_slug=asked.validated_data["agent"] or None,
            title=asked.validated_data["title"],
            source=Conversation.Source.REST,
        )
        return Response(ConversationSerializer(made).data, status=201)

    @extend_schema(request=ConversationChange, responses=ConversationSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        """Rename the conversation, or archive it with `{"state": "archived"}`."""
        found = conversations.find_conversation(id, request.user)
        asked = ConversationChange(data=request.data)
        asked.is_valid(raise_exception=True)
        if "title" in asked.validated_data:
            found = conversations.rename(found, asked.validated_data["title"], actor=request.user.actor)
        if "state" in asked.validated_data and not found.is_archived:
            found = conversations.archive(found, actor=request.user.actor)
        return Response(ConversationSerializer(found).data)

    @extend_schema(responses=MessageSerializer(many=True))
    @action(detail=True, methods=["get"])
    def messages(self, request: Request, id: str) -> Response:
        """The messages, newest first, tool calls and hand-overs among them."""
        found = conversations.find_conversation(id, request.user)
        rows = found.messages.select_related("agent", "turn", "conversation")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(MessageSerializer(page, many=True).data)

    @extend_schema(request=NewMessage, responses={201: TurnSerializer, 202: TurnSerializer}, parameters=[IDEMPOTENCY])
    @messages.mapping.post
    def ask(self, request: Request, id: str) -> HttpResponseBase:
        """Ask, and wait for the answer.

        With `Accept: text/event-stream` the frames of `/ws/chat/` come as server-sent events; with
        `Prefer: respond-async` the answer is 202 at once and `turns/{turn}/` has the rest later. The same `client_id`
        (or `Idempotency-Key`) again gives the same turn.
        """
        asked = NewMessage(data=request.data)
        asked.is_valid(raise_exception=True)
        question = Question(
            tenant=current_tenant(),
            user=request.user,
            text=asked.validated_data["text"],
            conversation_id=conversations.read_id(id),
            client_id=asked.validated_data["client_id"] or request.headers.get("Idempotency-Key", ""),
            requested_model=asked.validated_data["model"],
            source=Conversation.Source.REST,
        )
        # While the answer is written, this thread only waits: the connection goes back to the pool.
        if not connections["default"].in_atomic_block:
            connections["default"].close()
        if wants_stream(request):
            launched = async_to_sync(_launch)(question)
            return _stream(question, launched)
        if "respond-async" in request.headers.get("Prefer", ""):
            launched = async_to_sync(_launch)(question)
            return self._turn_response(launched.begun.turn_id, status=202)
        launched, refusal = async_to_sync(_answer)(question)
        if refusal is not None:
            raise refusal
        return self._turn_response(launched.begun.turn_id, status=201 if launched.begun.is_new else 200)

    def _turn_response(self, turn_id: UUID, status: int) -> Response:
        turn = Turn.objects.select_related("conversation").get(public_id=turn_id)
        return Response(TurnSerializer(turn).data, status=status)

    @extend_schema(responses=TurnSerializer)
    @action(detail=True, methods=["get"], url_path="turns/(?P<turn>[0-9a-f-]{36})")
    def turn(self, request: Request, id: str, turn: str) -> Response:
        """One question and what came of it."""
        return Response(TurnSerializer(self._find_turn(id, turn)).data)

    @extend_schema(request=None, responses=TurnSerializer)
    @action(detail=True, methods=["post"], url_path="turns/(?P<turn>[0-9a-f-]{36})/stop")
    def stop(self, request: Request, id: str, turn: str) -> Response:
        """Stop the answer; what was written is kept."""
        found = self._find_turn(id, turn)
        tenant, user = current_tenant(), request.user

        async def stop() -> None:
            await registry().stop(tenant, user, turn_id=found.public_id, conversation_id=None)

        async_to_sync(stop)()
        found.refresh_from_db()
        return Response(TurnSerializer(found).data, status=202)

    def _find_turn(self, id: str, turn: str) -> Turn:
        found = conversations.find_conversation(id, self.request.user)
        try:
            row = found.turns.select_related("conversation").filter(public_id=UUID(turn)).first()
        except ValueError:
            row = None
        if row is None:
            raise NotFound("There is no such turn in this conversation.")
        return row


async def _launch(question: Question) -> Launched:
    return await registry().start(question)


async def _answer(question: Question) -> tuple[Launched, Refusal | None]:
    """Run the turn to its end. The refusal is why there is no answer; the question is kept all the same."""
    launched = await registry().start(question)
    if launched.running is None:
        return launched, None
    await launched.running.wait()
    refusal = launched.running.run.refusal
    if refusal is not None:
        begun = launched.begun
        refusal.extra |= {"conversation": str(begun.conversation_id), "turn": str(begun.turn_id)}
    return launched, refusal


def _stream(question: Question, launched: Launched) -> HttpResponseBase:
    response = StreamingHttpResponse(
        sse.frames(question, launched.begun), content_type=f"{EVENT_STREAM}; charset=utf-8"
    )
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


class MessageFilters(django_filters.FilterSet):
    conversation = django_filters.UUIDFilter("conversation__public_id")
    role = django_filters.MultipleChoiceFilter(choices=Message.Role.choices)
    query = django_filters.UUIDFilter("turn__query_id", label="Query id, as usage records and the chain have it")

    class Meta:
        model = Message
        fields: ClassVar[list[str]] = []


class MessageViewSet(viewsets.GenericViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Messages of all your conversations."""

    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    serializer_class = MessageSerializer
    filterset_class = MessageFilters
    permissions: ClassVar[dict[str, str]] = {"*": "chat.view_conversation"}

    def get_queryset(self) -> QuerySet[Message]:
        if getattr(self, "swagger_fake_view", False):
            return Message.objects.none()
        own = conversations.conversations_of(self.request.user).order_by().values("pk")
        return Message.objects.filter(conversation__in=own).select_related("agent", "turn", "conversation")


routes = [
    ("conversations", ConversationViewSet, "conversations"),
    ("messages", MessageViewSet, "messages"),
]
