from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import keys
from tenants.api.common import everything, found
from tenants.exceptions import Forbidden
from tenants.models import ApiKey, User
from tenants.permissions import DEFAULT_SCOPES, SCOPES


class ApiKeySerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="public_id", read_only=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(SCOPES)), read_only=True)
    allowed_networks = serializers.ListField(child=serializers.CharField(), read_only=True)
    denied_networks = serializers.ListField(child=serializers.CharField(), read_only=True)
    is_usable = serializers.BooleanField(read_only=True)

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "name",
            "prefix",
            "scopes",
            "allowed_networks",
            "denied_networks",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "is_usable",
        )
        read_only_fields = fields


class NewApiKeySerializer(serializers.Serializer):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SCOPES)), default=list(DEFAULT_SCOPES), min_length=1
    )
    expires_in_days = serializers.IntegerField(min_value=1, max_value=3650, default=90)
    allowed_networks = serializers.ListField(child=serializers.CharField(max_length=50), default=list, max_length=50)
    denied_networks = serializers.ListField(child=serializers.CharField(max_length=50), default=list, max_length=50)


class OverlapSerializer(serializers.Serializer):
    overlap_hours = serializers.IntegerField(min_value=0, max_value=720, default=24)


class SecretApiKeySerializer(ApiKeySerializer):
    key = serializers.CharField(read_only=True, help_text="The key itself, shown this once.")

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "key")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class ApiKeyViewSet(viewsets.ViewSet):
    """API keys of the organization. The key itself is in the answer that makes it, and nowhere else."""

    serializer_class = ApiKeySerializer
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-f-]{36}"
    permissions = {
        "list": "tenants.view_key",
        "retrieve": "tenants.view_key",
        "create": "tenants.change_key",
        "destroy": "tenants.change_key",
        "rotate": "tenants.change_key",
    }

    @extend_schema(responses=ApiKeySerializer(many=True))
    def list(self, request: Request) -> Response:
        return everything(ApiKeySerializer, keys.list_keys())

    @extend_schema(responses=ApiKeySerializer)
    def retrieve(self, request: Request, id: str) -> Response:
        return Response(ApiKeySerializer(found(keys.find_key(id), "key")).data)

    @extend_schema(request=NewApiKeySerializer, responses={201: SecretApiKeySerializer})
    def create(self, request: Request) -> Response:
        data = NewApiKeySerializer(data=request.data)
        data.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(data.validated_data)
        lifetime = timedelta(days=fields.pop("expires_in_days"))
        new = keys.NewKey(lifetime=lifetime, **fields)
        _check_within(request, new.scopes)
        person = request.user if isinstance(request.user, User) else None
        row, key = keys.create_key(new, actor=request.user.actor, created_by=person)
        return Response({**ApiKeySerializer(row).data, "key": key}, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        keys.revoke_key(found(keys.find_key(id), "key"), actor=request.user.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=OverlapSerializer, responses={201: SecretApiKeySerializer})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, id: str) -> Response:
        row = found(keys.find_key(id), "key")
        data = OverlapSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        _check_within(request, row.scopes)
        overlap = timedelta(hours=data.validated_data["overlap_hours"])
        successor, key = keys.rotate_key(row, actor=request.user.actor, overlap=overlap)
        return Response({**ApiKeySerializer(successor).data, "key": key}, status=status.HTTP_201_CREATED)


def _check_within(request: Request, scopes: Any) -> None:
    """A key cannot make a key that may do more than itself."""
    own = getattr(request.user, "scopes", None)
    if own is not None and not set(scopes) <= set(own):
        raise Forbidden(f"This key has the scopes {', '.join(sorted(own))} and cannot give more.")
