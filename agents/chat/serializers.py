"""Conversations, messages and turns as the REST API shows and takes them."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.chat.models import CLIENT_ID_LENGTH, TITLE_LENGTH, Conversation, Message, Turn
from agents.chat.snapshots import message_json


class ConversationSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="public_id", read_only=True)
    agent = serializers.CharField(source="agent.slug", read_only=True)
    agent_name = serializers.CharField(source="agent.name", read_only=True)
    messages = serializers.IntegerField(source="last_sequence", read_only=True, help_text="How many there are.")

    class Meta:
        model = Conversation
        fields: ClassVar[list[str]] = [
            "id",
            "title",
            "channel",
            "source",
            "agent",
            "agent_name",
            "state",
            "preview",
            "messages",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class NewConversation(serializers.Serializer):
    agent = serializers.SlugField(
        required=False, default="", allow_blank=True, help_text="Slug; the front desk if empty."
    )
    title = serializers.CharField(required=False, default="", allow_blank=True, max_length=TITLE_LENGTH)


class ConversationChange(serializers.Serializer):
    title = serializers.CharField(required=False, max_length=TITLE_LENGTH)
    state = serializers.ChoiceField(required=False, choices=["archived"])


class NewMessage(serializers.Serializer):
    # The length is checked where it is for sockets too, so that the words are the same.
    text = serializers.CharField(trim_whitespace=False, help_text="At most 32,000 characters.", allow_blank=True)
    client_id = serializers.CharField(required=False, default="", allow_blank=True, max_length=CLIENT_ID_LENGTH)
    model = serializers.CharField(
        required=False, default="auto", max_length=200, help_text="auto, small, large or the name of a model."
    )


class Tokens(serializers.Serializer):
    input = serializers.IntegerField()
    output = serializers.IntegerField()
    cached = serializers.IntegerField()
    total = serializers.IntegerField()


class MessageSerializer(serializers.Serializer):
    """The fields; `agents.chat.snapshots.message_json` fills them, for sockets and for REST alike.

    Figures, `html` and `tool_calls` stand on agents' messages, `data` on tools' and hand-overs.
    """

    id = serializers.UUIDField()
    conversation = serializers.UUIDField()
    sequence = serializers.IntegerField()
    role = serializers.CharField(help_text="person, agent, tool or handover")
    agent = serializers.CharField(allow_null=True)
    agent_name = serializers.CharField(allow_null=True)
    text = serializers.CharField()
    html = serializers.CharField(required=False)
    state = serializers.CharField(help_text="writing, complete, stopped or failed")
    turn = serializers.UUIDField(allow_null=True)
    query = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    model = serializers.CharField(required=False)
    provider = serializers.CharField(required=False)
    tier = serializers.CharField(required=False)
    score = serializers.FloatField(required=False, allow_null=True)
    threshold = serializers.FloatField(required=False, allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField(), required=False)
    tokens = Tokens(required=False)
    cost = serializers.DecimalField(max_digits=20, decimal_places=10, required=False)
    baseline_cost = serializers.DecimalField(max_digits=20, decimal_places=10, required=False)
    latency_ms = serializers.IntegerField(required=False, allow_null=True)
    first_token_ms = serializers.IntegerField(required=False, allow_null=True)
    tool_calls = serializers.ListField(child=serializers.JSONField(), required=False)
    data = serializers.JSONField(required=False)

    def to_representation(self, instance: Message) -> dict[str, Any]:
        return {**message_json(instance), "conversation": instance.conversation.public_id}


class TurnSerializer(serializers.ModelSerializer):
    """One question, and the messages that came of it."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    query = serializers.UUIDField(source="query_id", read_only=True)
    conversation = serializers.UUIDField(source="conversation.public_id", read_only=True)
    answer = serializers.SerializerMethodField()
    messages = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()
    baseline_cost = serializers.SerializerMethodField()

    class Meta:
        model = Turn
        fields: ClassVar[list[str]] = [
            "id",
            "query",
            "conversation",
            "client_id",
            "state",
            "error_code",
            "error_detail",
            "cost",
            "baseline_cost",
            "answer",
            "messages",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields

    def _rows(self, turn: Turn) -> list[Message]:
        rows: list[Message] | None = turn.__dict__.get("_rows")
        if rows is None:
            rows = list(turn.messages.select_related("agent", "turn", "conversation").order_by("sequence"))
            turn.__dict__["_rows"] = rows
        return rows

    @extend_schema_field(MessageSerializer(allow_null=True))
    def get_answer(self, turn: Turn) -> dict[str, Any] | None:
        said = [row for row in self._rows(turn) if row.role == Message.Role.AGENT and row.text]
        return MessageSerializer(said[-1]).data if said and not turn.is_running else None

    @extend_schema_field(MessageSerializer(many=True))
    def get_messages(self, turn: Turn) -> list[dict[str, Any]]:
        return list(MessageSerializer(self._rows(turn), many=True).data)

    @extend_schema_field(OpenApiTypes.DECIMAL)
    def get_cost(self, turn: Turn) -> str:
        return f"{sum(row.cost for row in self._rows(turn)):f}"

    @extend_schema_field(OpenApiTypes.DECIMAL)
    def get_baseline_cost(self, turn: Turn) -> str:
        return f"{sum(row.baseline_cost for row in self._rows(turn)):f}"
