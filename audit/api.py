"""REST: entries of the chain, and its verification."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from audit import search, verification
from audit.access import log_reading
from audit.actions import describe
from audit.entry import NotCanonical
from audit.faults import KINDS
from audit.models import Entry
from audit.names import names_of
from audit.platform.models import VerificationRun

CursorPages: Any = api_settings.DEFAULT_PAGINATION_CLASS
SEQ = OpenApiParameter("seq", OpenApiTypes.INT64, OpenApiParameter.PATH, description="The entry's number.")


class ByNumber(CursorPages):
    """The chain's own order, newest first."""

    ordering = "-seq"


class EntrySerializer(serializers.Serializer):
    """One entry. `canonical` is what was hashed; the other fields repeat it, but `payload` (null once erased)."""

    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(help_text="`person:UUID`, `key:UUID`, `agent:UUID` or `system:NAME`")
    actor_name = serializers.SerializerMethodField()
    action = serializers.CharField(help_text="`app.noun.past_participle`")
    target = serializers.CharField(help_text="`app.noun:ID`")
    words = serializers.SerializerMethodField()
    payload = serializers.SerializerMethodField()
    hash = serializers.CharField(source="hash_hex", help_text="SHA-256, hexadecimal")
    prev = serializers.CharField(source="prev_hex", help_text="The hash of the entry before; 64 zeros for the first")
    canonical = serializers.CharField(source="canonical_text", help_text="The hashed bytes: JSON by RFC 8785")

    def get_actor_name(self, entry: Entry) -> str:
        return str(self.context["names"].get(entry.actor, entry.actor))

    def get_words(self, entry: Entry) -> str:
        return describe(entry.action, self.get_payload(entry))

    def get_payload(self, entry: Entry) -> dict[str, Any] | None:
        row = self.context["payloads"].get(entry.seq)
        try:
            value: dict[str, Any] | None = row.value if row is not None else None
        except NotCanonical:
            return None
        return value


class EntryFilters(django_filters.FilterSet):
    """Beginnings: `action=tickets.` finds all of tickets, `actor=agent:` all agents."""

    action = django_filters.CharFilter(method="by_prefix", label="Action, or the beginning of one: tickets.ticket")
    actor = django_filters.CharFilter(method="by_prefix", label="Actor, or a kind of actors: agent:")
    target = django_filters.CharFilter(method="by_prefix", label="Target, or a kind of targets: tickets.ticket:")
    since = django_filters.IsoDateTimeFilter("at", "gte", label="From this moment on (RFC 3339)")
    until = django_filters.IsoDateTimeFilter("at", "lt", label="Before this moment (RFC 3339)")
    q = django_filters.CharFilter(method="by_words", label="A number, the beginning of a hash, or words of an action")

    class Meta:
        model = Entry
        fields: ClassVar[list[str]] = []

    def by_prefix(self, queryset: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        return queryset.filter(search.prefix(name, value))

    def by_words(self, queryset: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        return queryset.filter(search.by_words(value.strip()))


class EntryViewSet(viewsets.GenericViewSet):
    """The audit chain, newest entry first. Reading it is itself logged, once in 15 minutes for each reader."""

    permissions: ClassVar[dict[str, str]] = {"list": "audit.view_entry", "retrieve": "audit.view_entry"}
    queryset = Entry.objects.all()
    serializer_class = EntrySerializer
    filterset_class = EntryFilters
    pagination_class = ByNumber
    lookup_field = "seq"
    lookup_value_regex = r"\d{1,18}"

    @extend_schema(responses=EntrySerializer(many=True), operation_id="audit_entries_list")
    def list(self, request: Request) -> Response:
        """List entries."""
        log_reading(request.user.actor, "api")
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self._shown(page, many=True))

    @extend_schema(parameters=[SEQ], responses=EntrySerializer)
    def retrieve(self, request: Request, seq: str) -> Response:
        """Show one entry."""
        log_reading(request.user.actor, "api")
        entry = search.find_entry(int(seq))
        if entry is None:
            raise Http404
        return Response(self._shown([entry], many=True)[0])

    def _shown(self, rows: Any, *, many: bool) -> Any:
        context = {"names": names_of(row.actor for row in rows), "payloads": search.payloads([row.seq for row in rows])}
        return EntrySerializer(rows, many=many, context=context).data


class FaultSerializer(serializers.Serializer):
    """The first position that is wrong, and what was done to it."""

    seq = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[(kind, title) for kind, (title, _) in KINDS.items()])
    words = serializers.CharField()


class VerificationSerializer(serializers.Serializer):
    """A verification of the chain: how far it is, and what it found."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(choices=VerificationRun.State.choices)
    full = serializers.BooleanField(help_text="Everything, or what was added since the last proven position")
    first_seq = serializers.IntegerField(help_text="The first entry that is checked")
    checked = serializers.IntegerField()
    total = serializers.IntegerField()
    faults = FaultSerializer(many=True)
    words = serializers.CharField(help_text="Why it was not finished, when it was not")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class VerificationRequest(serializers.Serializer):
    """What to check."""

    full = serializers.BooleanField(default=True)


class VerificationViewSet(viewsets.ViewSet):
    """Verification of the chain."""

    permissions: ClassVar[dict[str, str]] = {
        "latest": "audit.view_entry",
        "retrieve": "audit.view_entry",
        "create": "audit.verify_chain",
    }
    serializer_class = VerificationSerializer

    @extend_schema(operation_id="audit_verify_latest", responses=VerificationSerializer)
    def latest(self, request: Request) -> Response:
        """Show the newest verification; 404 when there has been none."""
        run = verification.latest_run()
        if run is None:
            raise Http404
        return Response(VerificationSerializer(run).data)

    @extend_schema(
        operation_id="audit_verify_start", request=VerificationRequest, responses={202: VerificationSerializer}
    )
    def create(self, request: Request) -> Response:
        """Start a verification, or join the one that is under way."""
        asked = VerificationRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        actor: str = request.user.actor
        run = verification.request_run(actor=actor, full=asked.validated_data["full"])
        return Response(VerificationSerializer(run).data, status=202)

    @extend_schema(operation_id="audit_verify_retrieve", responses=VerificationSerializer)
    def retrieve(self, request: Request, id: UUID) -> Response:
        """Show one verification."""
        run = verification.find_run(id)
        if run is None:
            raise Http404
        return Response(VerificationSerializer(run).data)


routes = [("audit/entries", EntryViewSet, "audit-entries")]
urlpatterns = [
    path("audit/verify/", VerificationViewSet.as_view({"get": "latest", "post": "create"}), name="audit-verify"),
    path("audit/verify/<uuid:id>/", VerificationViewSet.as_view({"get": "retrieve"}), name="audit-verify-run"),
]
