from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import invitations, members
from tenants.api.common import acting_role, everything, found
from tenants.models import Invitation, Membership, User
from tenants.permissions import ROLE_CHOICES


class MemberSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="public_id", read_only=True)
    person = serializers.UUIDField(source="user.public_id", read_only=True)
    name = serializers.CharField(source="user.display_name", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "person", "name", "email", "role", "created_at")
        read_only_fields = ("created_at",)


class MemberChangeSerializer(serializers.Serializer):
    role = serializers.ChoiceField(choices=ROLE_CHOICES)


class MemberViewSet(viewsets.ViewSet):
    """The people of the organization."""

    serializer_class = MemberSerializer
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-f-]{36}"
    permissions = {
        "list": "tenants.view_member",
        "retrieve": "tenants.view_member",
        "partial_update": "tenants.change_member",
        "destroy": "tenants.change_member",
    }

    @extend_schema(responses=MemberSerializer(many=True))
    def list(self, request: Request) -> Response:
        return everything(MemberSerializer, members.list_members())

    @extend_schema(responses=MemberSerializer)
    def retrieve(self, request: Request, id: str) -> Response:
        return Response(MemberSerializer(found(members.find_member(id), "member")).data)

    @extend_schema(request=MemberChangeSerializer, responses=MemberSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        member = found(members.find_member(id), "member")
        data = MemberChangeSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        role = data.validated_data["role"]
        changed = members.change_role(member, role, actor=request.user.actor, acting_role=acting_role(request))
        return Response(MemberSerializer(changed).data)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        member = found(members.find_member(id), "member")
        members.remove_member(member, actor=request.user.actor, acting_role=acting_role(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="public_id", read_only=True)
    role = serializers.ChoiceField(choices=ROLE_CHOICES)

    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "created_at", "expires_at")
        read_only_fields = ("created_at", "expires_at")


class SentInvitationSerializer(InvitationSerializer):
    link = serializers.CharField(read_only=True, help_text="Shown once; also sent by mail.")

    class Meta(InvitationSerializer.Meta):
        fields = (*InvitationSerializer.Meta.fields, "link")  # type: ignore[assignment]


class InvitationViewSet(viewsets.ViewSet):
    """Open invitations of the organization."""

    serializer_class = InvitationSerializer
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-f-]{36}"
    permissions = {
        "list": "tenants.change_member",
        "create": "tenants.change_member",
        "destroy": "tenants.change_member",
    }

    @extend_schema(responses=InvitationSerializer(many=True))
    def list(self, request: Request) -> Response:
        return everything(InvitationSerializer, invitations.list_open())

    @extend_schema(request=InvitationSerializer, responses={201: SentInvitationSerializer})
    def create(self, request: Request) -> Response:
        data = InvitationSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        row, link = invitations.invite(
            data.validated_data["email"],
            data.validated_data["role"],
            actor=request.user.actor,
            invited_by=request.user if isinstance(request.user, User) else None,
            acting_role=acting_role(request),
        )
        answer = {**InvitationSerializer(row).data, "link": link}
        return Response(answer, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        invitations.revoke(found(invitations.find_open(id), "invitation"), actor=request.user.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)
