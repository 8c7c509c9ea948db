"""`/api/v1/tickets/`."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.response import Response

from agents.api.fields import AgentReference
from agents.tickets import desk
from agents.tickets.models import LEVEL_CHOICES, Ticket, TicketChange, TicketComment
from agents.tickets.states import ALL_STATES, KIND_LABELS, OPEN_STATES

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The ticket's id or its number.")


class TransitionSerializer(serializers.Serializer):
    name = serializers.CharField()
    verb = serializers.CharField()
    target = serializers.CharField()
    needs = serializers.ListField(child=serializers.ChoiceField(choices=["resolution", "reason", "approval"]))


class TicketSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="public_id", read_only=True)
    assigned_agent = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    state_label = serializers.CharField(read_only=True)
    is_open = serializers.BooleanField(read_only=True)
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    possible = serializers.SerializerMethodField(help_text="The steps that can be taken next.")

    class Meta:
        model = Ticket
        fields = (
            "id",
            "number",
            "kind",
            "title",
            "description",
            "impact",
            "urgency",
            "priority",
            "state",
            "state_label",
            "is_open",
            "resolution",
            "assigned_agent",
            "assigned_person",
            "requester",
            "opened_by",
            "conversation",
            "tags",
            "opened_at",
            "updated_at",
            "resolved_at",
            "possible",
        )
        read_only_fields = fields

    @extend_schema_field(TransitionSerializer(many=True))
    def get_possible(self, ticket: Ticket) -> list[dict[str, Any]]:
        return [
            {"name": t.name, "verb": t.verb, "target": t.target, "needs": list(t.needs)}
            for t in ticket.possible_transitions
        ]


class NewTicketSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=list(KIND_LABELS.items()), default="incident")
    title = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=20_000, default="", allow_blank=True)
    impact = serializers.ChoiceField(choices=LEVEL_CHOICES, default="medium")
    urgency = serializers.ChoiceField(choices=LEVEL_CHOICES, default="medium")
    assigned_agent = AgentReference(required=False, default=None, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=20)


class TicketChangesSerializer(serializers.Serializer):
    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    impact = serializers.ChoiceField(choices=LEVEL_CHOICES, required=False)
    urgency = serializers.ChoiceField(choices=LEVEL_CHOICES, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=20)


class AssignmentSerializer(serializers.Serializer):
    """An agent, a person, or neither to unassign."""

    agent = AgentReference(required=False, default=None, allow_null=True)
    person = serializers.UUIDField(required=False, default=None, allow_null=True)


class StepSerializer(serializers.Serializer):
    transition = serializers.CharField(max_length=20)
    note = serializers.CharField(max_length=20_000, default="", allow_blank=True)


class CommentSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="public_id", read_only=True)
    is_internal = serializers.BooleanField(default=False)

    class Meta:
        model = TicketComment
        fields = ("id", "author", "text", "is_internal", "created_at")
        read_only_fields = ("author", "created_at")


class ChangeSerializer(serializers.ModelSerializer):
    class Meta:
        model = TicketChange
        fields = ("field", "before", "after", "note", "actor", "at")
        read_only_fields = fields


class TicketFilters(django_filters.FilterSet):
    kind = django_filters.MultipleChoiceFilter(choices=list(KIND_LABELS.items()))
    state = django_filters.MultipleChoiceFilter(choices=list(ALL_STATES.items()))
    priority = django_filters.MultipleChoiceFilter(choices=[(n, n) for n in range(1, 6)])
    open = django_filters.BooleanFilter(method="by_open", label="Only open ones, or only others")
    q = django_filters.CharFilter(method="by_words", label="Words in number, title or description")
    assigned_agent = django_filters.CharFilter("assigned_agent__slug", label="Slug of the agent")
    assigned_person = django_filters.UUIDFilter()

    class Meta:
        model = Ticket
        fields: ClassVar[list[str]] = []

    def by_open(self, queryset: QuerySet[Ticket], name: str, value: bool) -> QuerySet[Ticket]:
        states = [s for s in ALL_STATES if (s in OPEN_STATES) is value]
        return queryset.filter(state__in=states)

    def by_words(self, queryset: QuerySet[Ticket], name: str, value: str) -> QuerySet[Ticket]:
        return queryset.matching(value)


@extend_schema_view(
    list=extend_schema(responses=TicketSerializer(many=True)),
    retrieve=extend_schema(parameters=[ID], responses=TicketSerializer),
)
class TicketViewSet(viewsets.GenericViewSet):
    """Tickets of the four ITIL types. Every change is in the ticket's history and in the audit chain."""

    queryset = Ticket.objects.select_related("assigned_agent")
    serializer_class = TicketSerializer
    filter_backends = [DjangoFilterBackend, OrderingFilter]
    filterset_class = TicketFilters
    ordering_fields: ClassVar[list[str]] = ["id", "priority", "updated_at", "opened_at", "number"]
    ordering: ClassVar[list[str]] = ["-id"]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-zA-Z-]{1,40}"
    permissions: ClassVar = {
        "list": "tickets.view_ticket",
        "retrieve": "tickets.view_ticket",
        "history": "tickets.view_ticket",
        "comments": "tickets.view_ticket",
        "create": "tickets.add_ticket",
        "partial_update": "tickets.change_ticket",
        "assign": "tickets.change_ticket",
        "transitions": "tickets.change_ticket",
        "add_comment": "tickets.change_ticket",
    }

    def get_object(self) -> Ticket:
        return desk.find(self.kwargs["id"])

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(TicketSerializer(page, many=True).data)

    def retrieve(self, request: Request, id: str) -> Response:
        return _answer(self.get_object())

    @extend_schema(request=NewTicketSerializer, responses={201: TicketSerializer})
    def create(self, request: Request) -> Response:
        values = _read(NewTicketSerializer, request)
        return _answer(desk.open_ticket(desk.NewTicket(**values), actor=request.user.actor), status=201)

    @extend_schema(parameters=[ID], request=TicketChangesSerializer, responses=TicketSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        changes = _read(TicketChangesSerializer, request)
        return _answer(desk.update_ticket(self.get_object(), changes, actor=request.user.actor))

    @extend_schema(parameters=[ID], request=AssignmentSerializer, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, id: str) -> Response:
        return _answer(desk.assign(self.get_object(), **_read(AssignmentSerializer, request), actor=request.user.actor))

    @extend_schema(parameters=[ID], request=StepSerializer, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def transitions(self, request: Request, id: str) -> Response:
        step = _read(StepSerializer, request)
        ticket = desk.transition(self.get_object(), step["transition"], note=step["note"], actor=request.user.actor)
        return _answer(ticket)

    @extend_schema(parameters=[ID], responses=CommentSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def comments(self, request: Request, id: str) -> Response:
        return Response(CommentSerializer(self.get_object().comments.all(), many=True).data)

    @extend_schema(parameters=[ID], request=CommentSerializer, responses={201: CommentSerializer})
    @comments.mapping.post
    def add_comment(self, request: Request, id: str) -> Response:
        values = _read(CommentSerializer, request)
        made = desk.comment(self.get_object(), actor=request.user.actor, **values)
        return Response(CommentSerializer(made).data, status=201)

    @extend_schema(parameters=[ID], responses=ChangeSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def history(self, request: Request, id: str) -> Response:
        return Response(ChangeSerializer(self.get_object().changes.all(), many=True).data)


def _answer(ticket: Ticket, status: int = 200) -> Response:
    return Response(TicketSerializer(desk.find(ticket.public_id)).data, status=status)


def _read(serializer: type[serializers.BaseSerializer], request: Request) -> dict[str, Any]:
    data = serializer(data=request.data)
    data.is_valid(raise_exception=True)
    return dict(data.validated_data)


routes = [("tickets", TicketViewSet, "tickets")]
