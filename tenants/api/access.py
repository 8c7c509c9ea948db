"""Who am I, what may I do, and signing in by REST."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import logout
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import login
from tenants.handover import list_organizations
from tenants.hosts import tenant_origin
from tenants.models import User
from tenants.permissions import DEFAULT_SCOPES, PERMISSIONS, ROLE_WORDS, ROLES, SCOPES, permissions_of


class OrganizationOfMeSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    role = serializers.CharField()
    url = serializers.CharField()


class MeSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=["person", "key"])
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    organization = serializers.CharField(allow_null=True, help_text="Slug of the organization one acts in.")
    role = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)
    permissions = serializers.ListField(child=serializers.CharField())
    organizations = OrganizationOfMeSerializer(many=True)


class MeView(APIView):
    """The person or key that is asking."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        user: Any = request.user
        tenant = getattr(request._request, "tenant", None)
        is_person = isinstance(user, User)
        allowed = [name for name in PERMISSIONS if tenant is not None and user.has_perm(name)]
        facts = {
            "kind": "person" if is_person else "key",
            "id": user.public_id,
            "name": user.display_name,
            "email": user.email if is_person else None,
            "organization": tenant.slug if tenant else None,
            "role": user.member_role() if is_person else None,
            "scopes": None if is_person else sorted(user.scopes),
            "permissions": allowed,
            "organizations": _organizations(user) if is_person else [],
        }
        return Response(MeSerializer(facts).data)


def _organizations(user: User) -> list[dict[str, Any]]:
    return [
        {"id": o.id, "name": o.name, "slug": o.slug, "role": role, "url": tenant_origin(o.slug)}
        for o, role in list_organizations(user)
    ]


class LoginSerializer(serializers.Serializer):
    email = serializers.EmailField()
    password = serializers.CharField(style={"input_type": "password"}, trim_whitespace=False, max_length=512)
    code = serializers.CharField(
        required=False, max_length=32, help_text="The second factor (TOTP or recovery code) of people who have one."
    )


class SignedInSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    csrf_token = serializers.CharField(help_text="For the header X-CSRFToken of requests that change something.")


@method_decorator([sensitive_post_parameters(), csrf_protect], name="dispatch")
class LoginView(APIView):
    """Sign in with e-mail and password; the answer sets the cookie `sessionid` for this host.

    Browser code sends the CSRF token as usual. Programs use API keys.
    """

    authentication_classes: ClassVar[list[type]] = []
    permission_classes = [AllowAny]

    @extend_schema(request=LoginSerializer, responses=SignedInSerializer, auth=[])
    def post(self, request: Request) -> Response:
        data = LoginSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        user = login.sign_in(request._request, **data.validated_data)
        facts = {"id": user.public_id, "email": user.email, "csrf_token": get_token(request._request)}
        return Response(SignedInSerializer(facts).data)


class LogoutView(APIView):
    """End this session."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        logout(request._request)
        return Response(status=204)


class RoleSerializer(serializers.Serializer):
    role = serializers.CharField()
    description = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())


class MemberRolesView(APIView):
    """The five member roles and what each may do."""

    permissions = {"get": "tenants.view_organization"}

    @extend_schema(responses=RoleSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = [{"role": r, "description": ROLE_WORDS[r], "permissions": permissions_of(r)} for r in reversed(ROLES)]
        return Response(RoleSerializer(rows, many=True).data)


class PermissionSerializer(serializers.Serializer):
    permission = serializers.CharField()
    least_role = serializers.CharField()
    scope = serializers.CharField()
    allowed = serializers.BooleanField(help_text="Whether the one who asks has it here.")


class PermissionsSerializer(serializers.Serializer):
    permissions = PermissionSerializer(many=True)
    scopes = serializers.DictField(child=serializers.CharField())
    default_scopes = serializers.ListField(child=serializers.CharField())


class PermissionsView(APIView):
    """The table of permissions, and which of them the one who asks has."""

    permissions = {"get": "tenants.view_organization"}

    @extend_schema(responses=PermissionsSerializer)
    def get(self, request: Request) -> Response:
        rows = [
            {"permission": name, "least_role": p.role, "scope": p.scope, "allowed": request.user.has_perm(name)}
            for name, p in PERMISSIONS.items()
        ]
        facts = {"permissions": rows, "scopes": dict(SCOPES), "default_scopes": list(DEFAULT_SCOPES)}
        return Response(PermissionsSerializer(facts).data)
