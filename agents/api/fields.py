"""How agents and roles are named in requests: by id or by slug."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.models import Agent, Role


def by_reference(queryset: Any, reference: str) -> Any:
    """The row with this public id or slug, None when there is none in this tenant."""
    try:
        return queryset.filter(public_id=UUID(reference)).first()
    except ValueError:
        return queryset.filter(slug=reference).first()


@extend_schema_field(OpenApiTypes.STR)
class AgentReference(serializers.Field):
    """An agent by id or slug."""

    default_error_messages: ClassVar[dict[str, str]] = {"unknown": "There is no agent {given} here."}

    def to_internal_value(self, data: Any) -> Agent:
        agent = by_reference(Agent.objects.select_related("role"), str(data)[:100])
        if agent is None:
            self.fail("unknown", given=str(data)[:100])
        return agent

    def to_representation(self, value: Agent) -> str:
        return str(value.public_id)


@extend_schema_field(OpenApiTypes.STR)
class RoleReference(serializers.Field):
    """A role by id or slug; answered as its slug."""

    default_error_messages: ClassVar[dict[str, str]] = {"unknown": "There is no role {given} here."}

    def to_internal_value(self, data: Any) -> Role:
        role = by_reference(Role.objects.all(), str(data)[:100])
        if role is None:
            self.fail("unknown", given=str(data)[:100])
        return role

    def to_representation(self, value: Role) -> str:
        return str(value.slug)
