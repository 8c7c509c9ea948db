"""`/api/v1/hierarchy/`: the tree."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents import workforce
from agents.api.fields import AgentReference
from agents.api.serializers import AgentSerializer
from agents.hierarchy import Tree, load_tree
from agents.levels import LEVEL_CHOICES, Level
from agents.models import STATUS_CHOICES, Agent


class LevelSerializer(serializers.Serializer):
    level = serializers.ChoiceField(choices=LEVEL_CHOICES)
    name = serializers.CharField()
    agents = serializers.IntegerField()


class HierarchyNodeSerializer(serializers.Serializer):
    """An agent and, under it, those who report to it."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    level = serializers.ChoiceField(choices=LEVEL_CHOICES)
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    reports = serializers.SerializerMethodField()

    @extend_schema_field({"type": "array", "items": {"$ref": "#/components/schemas/HierarchyNode"}})
    def get_reports(self, node: dict[str, Any]) -> Any:
        return node["reports"]


class HierarchySerializer(serializers.Serializer):
    levels = LevelSerializer(many=True)
    roots = HierarchyNodeSerializer(many=True)


class MoveInput(serializers.Serializer):
    agent = AgentReference(help_text="Who moves, by id or slug.")
    manager = AgentReference(allow_null=True, help_text="The new manager, by id or slug; null makes the agent a root.")


class HierarchyView(APIView):
    """Who reports to whom, on five levels. Active and paused agents."""

    permissions: ClassVar = {"get": "agents.view_agent", "post": "agents.change_agent"}

    @extend_schema(responses=HierarchySerializer)
    def get(self, request: Request) -> Response:
        """Read the whole tree."""
        tree = load_tree()
        levels = [{"level": level.value, "name": level.label, "agents": len(tree.with_level(level))} for level in Level]
        return Response({"levels": levels, "roots": [_node(root, tree) for root in tree.roots]})

    @extend_schema(request=MoveInput, responses=AgentSerializer)
    def post(self, request: Request) -> Response:
        """Give an agent another manager. Refused with 409: cycles (naming who is in them) and wrong levels."""
        read = MoveInput(data=request.data)
        read.is_valid(raise_exception=True)
        user: Any = request.user
        moved = workforce.move_agent(read.validated_data["agent"], read.validated_data["manager"], actor=user.actor)
        return Response(AgentSerializer(moved).data)


def _node(agent: Agent, tree: Tree) -> dict[str, Any]:
    return {
        "id": str(agent.public_id),
        "slug": agent.slug,
        "name": agent.name,
        "role": agent.role.slug,
        "level": agent.level,
        "status": agent.status,
        "reports": [_node(report, tree) for report in tree.reports(agent)],
    }
