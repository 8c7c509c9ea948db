"""`/api/v1/roles/`: what agents are employed as. People's roles are `member-roles`."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.response import Response

from agents import roles
from agents.api.fields import by_reference
from agents.api.serializers import AgentRoleCreate, AgentRoleInput, AgentRoleSerializer, role_facts
from agents.levels import LEVEL_CHOICES
from agents.models import Agent, Role

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The role's id or its slug.")


class RoleFilters(django_filters.FilterSet):
    """Without `archived` the archived stay out."""

    q = django_filters.CharFilter("name", lookup_expr="icontains", label="Part of the name")
    level = django_filters.MultipleChoiceFilter(choices=LEVEL_CHOICES)
    archived = django_filters.BooleanFilter("archived_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Role
        fields: ClassVar[list[str]] = []

    def filter_queryset(self, queryset: QuerySet[Role]) -> QuerySet[Role]:
        if self.form.cleaned_data.get("archived") is None:
            queryset = queryset.filter(archived_at=None)
        return super().filter_queryset(queryset)


@extend_schema_view(
    list=extend_schema(responses=AgentRoleSerializer(many=True)),
    retrieve=extend_schema(parameters=[ID], responses=AgentRoleSerializer),
)
class AgentRoleViewSet(viewsets.GenericViewSet):
    """Roles of agents: level, tools to start with, and the permissions their agents may use."""

    queryset = Role.objects.annotate(employed_agents=Count("agents", filter=~Q(agents__status=Agent.Status.ARCHIVED)))
    serializer_class = AgentRoleSerializer
    filter_backends = [DjangoFilterBackend, OrderingFilter]
    filterset_class = RoleFilters
    ordering_fields: ClassVar[list[str]] = ["name", "slug", "created_at", "updated_at"]
    ordering: ClassVar[list[str]] = ["name", "id"]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-zA-Z-]{1,60}"
    permissions: ClassVar = {"list": "agents.view_agent", "retrieve": "agents.view_agent", "*": "agents.change_role"}

    def get_object(self) -> Role:
        role: Role | None = by_reference(self.get_queryset(), self.kwargs["id"])
        if role is None:
            raise Http404
        return role

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(AgentRoleSerializer(page, many=True).data)

    def retrieve(self, request: Request, id: str) -> Response:
        return Response(role_facts(self.get_object()))

    @extend_schema(request=AgentRoleCreate, responses={201: AgentRoleSerializer})
    def create(self, request: Request) -> Response:
        read = AgentRoleCreate(data=request.data)
        read.is_valid(raise_exception=True)
        return Response(role_facts(roles.create_role(actor=_actor(request), **read.validated_data)), status=201)

    @extend_schema(parameters=[ID], request=AgentRoleInput, responses=AgentRoleSerializer)
    def update(self, request: Request, id: str) -> Response:
        return self._change(request, partial=False)

    @extend_schema(parameters=[ID], request=AgentRoleInput(partial=True), responses=AgentRoleSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        return self._change(request, partial=True)

    @extend_schema(parameters=[ID], responses={204: None}, description="Archives the role; nothing is erased.")
    def destroy(self, request: Request, id: str) -> Response:
        roles.archive_role(self.get_object(), actor=_actor(request))
        return Response(status=204)

    @extend_schema(parameters=[ID], request=None, responses=AgentRoleSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, id: str) -> Response:
        return Response(role_facts(roles.archive_role(self.get_object(), actor=_actor(request))))

    @extend_schema(parameters=[ID], request=None, responses=AgentRoleSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, id: str) -> Response:
        return Response(role_facts(roles.restore_role(self.get_object(), actor=_actor(request))))

    def _change(self, request: Request, *, partial: bool) -> Response:
        read = AgentRoleInput(data=request.data, partial=partial)
        read.is_valid(raise_exception=True)
        return Response(role_facts(roles.update_role(self.get_object(), actor=_actor(request), **read.validated_data)))


def _actor(request: Request) -> str:
    user: Any = request.user
    return str(user.actor)
