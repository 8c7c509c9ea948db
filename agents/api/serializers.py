"""What agents, versions and roles look like on the wire."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.api.fields import AgentReference, RoleReference
from agents.levels import LEVEL_CHOICES, Level
from agents.models import SLUG_LENGTH, STATUS_CHOICES, Agent, Role
from agents.policies import MemoryPolicy
from tenants.models import Organization

MODEL_POLICY_HELP = "`auto` (the router chooses per query), `small`, `large`, or the name of a model."


class AgentNameSerializer(serializers.Serializer):
    """An agent, named."""

    id = serializers.UUIDField(source="public_id")
    slug = serializers.CharField()
    name = serializers.CharField()


class MemoryPolicySerializer(serializers.Serializer):
    """How much of a conversation the agent takes along."""

    recent_messages = serializers.IntegerField(min_value=2, max_value=200, default=20)
    summarise = serializers.BooleanField(default=True)


class HiredFromSerializer(serializers.Serializer):
    slug = serializers.CharField()
    version = serializers.IntegerField()


class AgentSerializer(serializers.Serializer):
    """An agent as it is now."""

    id = serializers.UUIDField(source="public_id")
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField(source="role.slug", help_text="Slug of the role.")
    level = serializers.ChoiceField(choices=LEVEL_CHOICES)
    manager = serializers.SerializerMethodField()
    industry = serializers.CharField()
    icon = serializers.CharField()
    description = serializers.CharField()
    instructions = serializers.CharField()
    tools = serializers.ListField(child=serializers.CharField())
    model_policy = serializers.CharField(help_text=MODEL_POLICY_HELP)
    memory_policy = MemoryPolicySerializer(source="memory")
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    version = serializers.IntegerField(source="version_number")
    hired_from = serializers.SerializerMethodField()
    model = serializers.CharField(source="address", help_text="Its `model` on the OpenAI-compatible endpoint.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(AgentNameSerializer(allow_null=True))
    def get_manager(self, agent: Agent) -> dict[str, Any] | None:
        return dict(AgentNameSerializer(agent.manager).data) if agent.manager is not None else None

    @extend_schema_field(HiredFromSerializer(allow_null=True))
    def get_hired_from(self, agent: Agent) -> dict[str, Any] | None:
        if not agent.template_slug:
            return None
        return {"slug": agent.template_slug, "version": agent.template_version}


class AgentInput(serializers.Serializer):
    """What may be set. Without `role` the level's general role is taken; without `level` the role's."""

    name = serializers.CharField(min_length=2, max_length=80)
    role = RoleReference(required=False)
    level = serializers.ChoiceField(choices=LEVEL_CHOICES, required=False)
    manager = AgentReference(required=False, allow_null=True, help_text="Id or slug; null for a root.")
    industry = serializers.ChoiceField(choices=Organization.Industry.choices, required=False)
    icon = serializers.CharField(max_length=40, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    instructions = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    tools = serializers.ListField(child=serializers.CharField(max_length=64), max_length=40, required=False)
    model_policy = serializers.CharField(max_length=120, required=False, help_text=MODEL_POLICY_HELP)
    memory_policy = MemoryPolicySerializer(required=False)

    def validate_level(self, value: str) -> Level:
        return Level(value)

    def validate_memory_policy(self, value: dict[str, Any]) -> MemoryPolicy:
        return MemoryPolicy(**value)


class AgentCreate(AgentInput):
    slug = serializers.RegexField(
        r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z",
        max_length=SLUG_LENGTH,
        required=False,
        help_text="Taken from the name if absent.",
    )


class AgentUpdate(AgentInput):
    version = serializers.IntegerField(
        min_value=1, required=False, help_text="The version the change is based on; refused with 409 when outdated."
    )


class ManagerInput(serializers.Serializer):
    manager = AgentReference(allow_null=True, help_text="Id or slug of the new manager; null makes the agent a root.")


class RestoreInput(serializers.Serializer):
    manager = AgentReference(
        required=False, allow_null=True, help_text="Id or slug; else the former manager, or a suitable one."
    )


class AgentVersionSerializer(serializers.Serializer):
    """An immutable snapshot of an agent."""

    id = serializers.UUIDField(source="public_id")
    number = serializers.IntegerField()
    summary = serializers.CharField()
    actor = serializers.CharField(help_text="`person:UUID`, `key:UUID` or `system:NAME`.")
    created_at = serializers.DateTimeField()
    config = serializers.DictField()


class FieldChangeSerializer(serializers.Serializer):
    """One field that differs between two versions."""

    name = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class ComparisonSerializer(serializers.Serializer):
    older = serializers.IntegerField()
    newer = serializers.IntegerField()
    changes = FieldChangeSerializer(many=True)


class AgentRoleSerializer(serializers.Serializer):
    """A role of agents."""

    id = serializers.UUIDField(source="public_id")
    slug = serializers.CharField()
    name = serializers.CharField()
    level = serializers.ChoiceField(choices=LEVEL_CHOICES)
    description = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())
    tools = serializers.ListField(child=serializers.CharField())
    agents = serializers.IntegerField(source="employed_agents", help_text="Active and paused agents with this role.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


class AgentRoleInput(serializers.Serializer):
    name = serializers.CharField(min_length=2, max_length=80)
    level = serializers.ChoiceField(choices=LEVEL_CHOICES, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    permissions = serializers.ListField(
        child=serializers.CharField(max_length=64),
        max_length=60,
        required=False,
        help_text="What its agents may use of the rights of the person who asks.",
    )
    tools = serializers.ListField(
        child=serializers.CharField(max_length=64),
        max_length=60,
        required=False,
        help_text="What its agents start with.",
    )

    def validate_level(self, value: str) -> Level:
        return Level(value)


class AgentRoleCreate(AgentRoleInput):
    slug = serializers.RegexField(r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z", max_length=SLUG_LENGTH, required=False)


def role_facts(role: Role) -> dict[str, Any]:
    """The representation of a role outside a list."""
    if not hasattr(role, "employed_agents"):
        role.employed_agents = Agent.objects.employed().filter(role=role).count()
    return dict(AgentRoleSerializer(role).data)
