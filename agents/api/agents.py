"""`/api/v1/agents/`."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.response import Response

from agents import versions, workforce
from agents.api.fields import by_reference
from agents.api.serializers import (
    AgentCreate,
    AgentSerializer,
    AgentUpdate,
    AgentVersionSerializer,
    ComparisonSerializer,
    ManagerInput,
    RestoreInput,
)
from agents.levels import LEVEL_CHOICES
from agents.models import STATUS_CHOICES, Agent, AgentVersion
from agents.words import find_by_words

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The agent's id or its slug.")


class AgentFilters(django_filters.FilterSet):
    """Without `status` the archived stay out."""

    q = django_filters.CharFilter(method="search", label="Words in name, slug or description")
    status = django_filters.MultipleChoiceFilter(choices=STATUS_CHOICES)
    level = django_filters.MultipleChoiceFilter(choices=LEVEL_CHOICES)
    industry = django_filters.CharFilter()
    role = django_filters.CharFilter("role__slug", label="Slug of the role")
    manager = django_filters.CharFilter("manager__slug", label="Slug of the manager")
    template = django_filters.CharFilter("template_slug", label="Slug of the template it was hired from")

    class Meta:
        model = Agent
        fields: ClassVar[list[str]] = []

    def search(self, queryset: QuerySet[Agent], name: str, value: str) -> QuerySet[Agent]:
        return find_by_words(queryset, value)

    def filter_queryset(self, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        if not self.form.cleaned_data.get("status"):
            queryset = queryset.exclude(status=Agent.Status.ARCHIVED)
        return super().filter_queryset(queryset)


@extend_schema_view(
    list=extend_schema(responses=AgentSerializer(many=True)),
    retrieve=extend_schema(parameters=[ID], responses=AgentSerializer),
)
class AgentViewSet(viewsets.GenericViewSet):
    """The workforce. Every change makes a version and an entry in the audit chain."""

    queryset = Agent.objects.select_related("role", "manager")
    serializer_class = AgentSerializer
    filter_backends = [DjangoFilterBackend, OrderingFilter]
    filterset_class = AgentFilters
    ordering_fields: ClassVar[list[str]] = ["name", "slug", "status", "created_at", "updated_at"]
    ordering: ClassVar[list[str]] = ["name", "id"]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-zA-Z-]{1,60}"
    permissions: ClassVar = {
        "list": "agents.view_agent",
        "retrieve": "agents.view_agent",
        "versions": "agents.view_agent",
        "version": "agents.view_agent",
        "compare": "agents.view_agent",
        "create": "agents.add_agent",
        "update": "agents.change_agent",
        "partial_update": "agents.change_agent",
        "move": "agents.change_agent",
        "restore_version": "agents.change_agent",
        "pause": "agents.change_agent",
        "resume": "agents.change_agent",
        "archive": "agents.archive_agent",
        "destroy": "agents.archive_agent",
        "restore": "agents.archive_agent",
    }

    def get_object(self) -> Agent:
        agent: Agent | None = by_reference(self.get_queryset(), self.kwargs["id"])
        if agent is None:
            raise Http404
        return agent

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(AgentSerializer(page, many=True).data)

    def retrieve(self, request: Request, id: str) -> Response:
        return self._answer(self.get_object())

    @extend_schema(request=AgentCreate, responses={201: AgentSerializer})
    def create(self, request: Request) -> Response:
        values = _read(AgentCreate, request)
        agent = workforce.create_agent(workforce.new_agent(**values), actor=_actor(request))
        return self._answer(agent, status=201)

    @extend_schema(parameters=[ID], request=AgentUpdate, responses=AgentSerializer)
    def update(self, request: Request, id: str) -> Response:
        return self._change(request, partial=False)

    @extend_schema(parameters=[ID], request=AgentUpdate(partial=True), responses=AgentSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        return self._change(request, partial=True)

    @extend_schema(parameters=[ID], responses={204: None}, description="Archives the agent; nothing is erased.")
    def destroy(self, request: Request, id: str) -> Response:
        workforce.archive_agent(self.get_object(), actor=_actor(request))
        return Response(status=204)

    @extend_schema(parameters=[ID], request=None, responses=AgentSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, id: str) -> Response:
        return self._answer(workforce.archive_agent(self.get_object(), actor=_actor(request)))

    @extend_schema(parameters=[ID], request=RestoreInput, responses=AgentSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, id: str) -> Response:
        values = _read(RestoreInput, request)
        return self._answer(workforce.restore_agent(self.get_object(), actor=_actor(request), **values))

    @extend_schema(parameters=[ID], request=None, responses=AgentSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, id: str) -> Response:
        return self._answer(workforce.pause_agent(self.get_object(), actor=_actor(request)))

    @extend_schema(parameters=[ID], request=None, responses=AgentSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, id: str) -> Response:
        return self._answer(workforce.resume_agent(self.get_object(), actor=_actor(request)))

    @extend_schema(parameters=[ID], request=ManagerInput, responses=AgentSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, id: str) -> Response:
        values = _read(ManagerInput, request)
        return self._answer(workforce.move_agent(self.get_object(), values["manager"], actor=_actor(request)))

    @extend_schema(parameters=[ID], filters=False, responses=AgentVersionSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def versions(self, request: Request, id: str) -> Response:
        page = self.paginate_queryset(self.get_object().versions.order_by("-number"))
        return self.get_paginated_response(AgentVersionSerializer(page, many=True).data)

    @extend_schema(
        parameters=[ID, OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH)],
        responses=AgentVersionSerializer,
    )
    @action(detail=True, methods=["get"], url_path=r"versions/(?P<number>\d{1,9})", url_name="version")
    def version(self, request: Request, id: str, number: str) -> Response:
        return Response(AgentVersionSerializer(_version(self.get_object(), int(number))).data)

    @extend_schema(
        parameters=[ID, OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH)],
        request=None,
        responses=AgentSerializer,
    )
    @action(detail=True, methods=["post"], url_path=r"versions/(?P<number>\d{1,9})/restore", url_name="version-restore")
    def restore_version(self, request: Request, id: str, number: str) -> Response:
        agent = workforce.restore_version(self.get_object(), int(number), actor=_actor(request))
        return self._answer(agent)

    @extend_schema(
        parameters=[
            ID,
            OpenApiParameter("older", OpenApiTypes.INT, required=True),
            OpenApiParameter("newer", OpenApiTypes.INT, required=True),
        ],
        responses=ComparisonSerializer,
    )
    @action(detail=True, methods=["get"], url_path="versions/compare", url_name="compare")
    def compare(self, request: Request, id: str) -> Response:
        asked = ComparisonQuestion(data=request.query_params)
        asked.is_valid(raise_exception=True)
        agent, numbers = self.get_object(), asked.validated_data
        older, newer = _version(agent, numbers["older"]), _version(agent, numbers["newer"])
        changes = versions.compare(older.config, newer.config)
        return Response(ComparisonSerializer({**numbers, "changes": changes}).data)

    def _change(self, request: Request, *, partial: bool) -> Response:
        values = _read(AgentUpdate, request, partial=partial)
        expected = values.pop("version", None)
        agent = workforce.update_agent(self.get_object(), actor=_actor(request), expected_version=expected, **values)
        return self._answer(agent)

    def _answer(self, agent: Agent, status: int = 200) -> Response:
        return Response(AgentSerializer(agent).data, status=status)


class ComparisonQuestion(serializers.Serializer):
    older = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    newer = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


def _read(form: type[serializers.Serializer], request: Request, *, partial: bool = False) -> dict[str, Any]:
    read = form(data=request.data, partial=partial)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def _version(agent: Agent, number: int) -> AgentVersion:
    found: AgentVersion | None = agent.versions.filter(number=number).first()
    if found is None:
        raise Http404
    return found


def _actor(request: Request) -> str:
    user: Any = request.user
    return str(user.actor)
