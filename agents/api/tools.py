"""`/api/v1/tools/`: what agents can be given."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.tools import all_tools


class ToolSerializer(serializers.Serializer):
    """A tool as models see it, and what it needs."""

    name = serializers.CharField()
    description = serializers.CharField()
    source = serializers.CharField()
    permission = serializers.CharField(allow_null=True, help_text="What the person who asks must have.")
    writes = serializers.BooleanField(help_text="Whether it changes something.")
    parameters = serializers.DictField(help_text="JSON Schema of the arguments.")


class ToolsView(APIView):
    """The tools that agents can have."""

    permissions: ClassVar = {"get": "agents.view_agent"}

    @extend_schema(responses=ToolSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(ToolSerializer(all_tools(), many=True).data)
