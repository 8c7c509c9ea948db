"""`/api/v1/catalogue/`: agents ready to hire."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents import workforce
from agents.api.fields import AgentReference
from agents.api.serializers import AgentSerializer
from agents.catalogue import find_template, load_catalogue
from agents.levels import LEVEL_CHOICES
from agents.models import SLUG_LENGTH


class TemplateSerializer(serializers.Serializer):
    """An agent ready to hire."""

    slug = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    role = serializers.CharField()
    level = serializers.ChoiceField(choices=LEVEL_CHOICES)
    industry = serializers.CharField()
    icon = serializers.CharField()
    description = serializers.CharField()
    instructions = serializers.CharField()
    tools = serializers.ListField(child=serializers.CharField())
    model_policy = serializers.CharField()
    examples = serializers.ListField(child=serializers.CharField())


class CatalogueGroupSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    templates = TemplateSerializer(many=True)


class HireInput(serializers.Serializer):
    manager = AgentReference(
        required=False, allow_null=True, help_text="Id or slug; left out, a suitable one of the nearest level above."
    )
    name = serializers.CharField(min_length=2, max_length=80, required=False)
    slug = serializers.RegexField(r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z", max_length=SLUG_LENGTH, required=False)


class CatalogueView(APIView):
    """Agents ready to hire, in groups."""

    permissions: ClassVar = {"get": "agents.view_agent"}

    @extend_schema(
        parameters=[OpenApiParameter("industry", OpenApiTypes.STR, description="Only templates of this industry.")],
        responses=CatalogueGroupSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        industry = request.query_params.get("industry", "")
        groups: list[dict[str, Any]] = []
        for group in load_catalogue().groups:
            templates = [each for each in group.templates if industry in ("", each.industry)]
            if templates:
                groups.append({"slug": group.slug, "name": group.name, "templates": templates})
        return Response(CatalogueGroupSerializer(groups, many=True).data)


class CatalogueTemplateView(APIView):
    """One agent ready to hire."""

    permissions: ClassVar = {"get": "agents.view_agent"}

    @extend_schema(responses=TemplateSerializer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(TemplateSerializer(find_template(slug)).data)


class CatalogueHireView(APIView):
    """Hire an agent from the catalogue."""

    permissions: ClassVar = {"post": "agents.add_agent"}

    @extend_schema(request=HireInput, responses={201: AgentSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Hire it with its role, instructions and tools; everything can be changed afterwards."""
        read = HireInput(data=request.data)
        read.is_valid(raise_exception=True)
        user: Any = request.user
        agent = workforce.hire(slug, actor=user.actor, **read.validated_data)
        return Response(AgentSerializer(agent).data, status=201)
