from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import lifecycle, provisioning
from tenants.api.common import StaffOnPlatform
from tenants.api_permissions import HasPermission
from tenants.context import platform_context
from tenants.exceptions import Invalid
from tenants.hosts import tenant_origin
from tenants.models import Organization, User
from tenants.registry import organization_blocks


class StepSerializer(serializers.Serializer):
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "done", "failed"])
    at = serializers.CharField(help_text="When it ended, RFC 3339; empty while it waits.")


class OrganizationSerializer(serializers.ModelSerializer):
    """An organization; `usage` and `plan` come from billing."""

    url = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    blocks = serializers.SerializerMethodField()

    class Meta:
        model = Organization
        fields = (
            "id",
            "name",
            "slug",
            "url",
            "industry",
            "size",
            "region",
            "accent_color",
            "status",
            "status_reason",
            "created_at",
            "steps",
            "blocks",
        )

    def get_url(self, organization: Organization) -> str:
        return tenant_origin(organization.slug)

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, organization: Organization) -> list[dict[str, Any]]:
        return list(organization.provisioning.get("steps", []))

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "object"}})
    def get_blocks(self, organization: Organization) -> dict[str, Any]:
        if not organization.is_active or self.context.get("is_list"):
            return {}
        return {name: block(organization) for name, block in organization_blocks.items()}


class NewOrganizationSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=100)
    slug = serializers.CharField(max_length=40)
    industry = serializers.ChoiceField(choices=Organization.Industry.choices, default="general")
    size = serializers.ChoiceField(choices=Organization.Size.choices, default="small")
    region = serializers.ChoiceField(choices=Organization._meta.get_field("region").choices, default="any")
    plan = serializers.ChoiceField(choices=["basic", "professional", "enterprise"], default="basic")
    owner_email = serializers.EmailField(required=False, help_text="The e-mail address of an existing person.")


class OrganizationChangesSerializer(serializers.ModelSerializer):
    class Meta:
        model = Organization
        fields = lifecycle.EDITABLE


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=300, default="", allow_blank=True)


class OrganizationViewSet(viewsets.GenericViewSet):
    """On the platform's host: staff manage all organizations. Elsewhere: one's own organization."""

    serializer_class = OrganizationSerializer
    queryset = Organization.objects.none()
    lookup_field = "id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-f-]{36}"
    filterset_fields = ("status", "industry", "size", "slug")
    permissions = {
        "list": "tenants.view_organization",
        "retrieve": "tenants.view_organization",
        "partial_update": "tenants.change_organization",
        "destroy": "tenants.delete_organization",
    }

    def get_permissions(self) -> list[BasePermission]:
        on_platform = getattr(self.request, "tenant", None) is None
        return [StaffOnPlatform()] if on_platform else [HasPermission()]

    def get_queryset(self) -> QuerySet[Organization]:
        # In a tenant the role's row policy leaves one row; the filter says the same to the reader.
        tenant = getattr(self.request, "tenant", None)
        rows = Organization.objects.order_by("-created_at")
        return rows if tenant is None else rows.filter(pk=tenant.id)

    @extend_schema(responses=OrganizationSerializer(many=True))
    def list(self, request: Request) -> Response:
        paginator = self.paginator
        assert paginator is not None
        paginator.ordering = "-created_at"
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        context = {**self.get_serializer_context(), "is_list": True}
        return self.get_paginated_response(OrganizationSerializer(page, many=True, context=context).data)

    def retrieve(self, request: Request, id: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=NewOrganizationSerializer, responses={202: OrganizationSerializer})
    def create(self, request: Request) -> Response:
        data = NewOrganizationSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        fields = dict(data.validated_data)
        owner = _find_owner(fields.pop("owner_email", ""))
        plan = fields.pop("plan")
        new = provisioning.NewOrganization(**fields, options={"plan": plan})
        organization = provisioning.create_organization(new, actor=request.user.actor, owner=owner)
        return Response(self.get_serializer(organization).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=OrganizationChangesSerializer(partial=True), responses=OrganizationSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        organization = self.get_object()
        data = OrganizationChangesSerializer(organization, data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        changed = lifecycle.update_organization(organization, data.validated_data, actor=request.user.actor)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=None, responses={202: None})
    def destroy(self, request: Request, id: str) -> Response:
        lifecycle.request_deletion(self.get_object(), actor=request.user.actor)
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=ReasonSerializer, responses=OrganizationSerializer)
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, id: str) -> Response:
        data = ReasonSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        reason = data.validated_data["reason"]
        row = lifecycle.suspend_organization(self.get_object(), reason, actor=request.user.actor)
        return Response(self.get_serializer(row).data)

    @extend_schema(request=None, responses=OrganizationSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, id: str) -> Response:
        row = lifecycle.resume_organization(self.get_object(), actor=request.user.actor)
        return Response(self.get_serializer(row).data)


def _find_owner(email: str) -> User | None:
    if not email:
        return None
    with platform_context():
        owner = User.objects.filter(email__iexact=email, is_active=True).first()
    if owner is None:
        words = f"There is nobody with the address {email}. Let them sign up first, or invite them afterwards."
        raise Invalid(words, errors={"owner_email": [words]})
    return owner
