"""REST: usage summed up, the records behind it, plan and quotas."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing import blocks, quotas, usage
from billing.limits import load_limits
from billing.models import Kind, Outcome, State, UsageRecord, choices
from billing.plans.models import Subscription
from tenants.api.common import StaffOnPlatform, found
from tenants.api_permissions import HasPermission
from tenants.context import current_tenant
from tenants.models import Organization
from tenants.pagination import CursorPages

LONGEST = timedelta(days=400)
LONGEST_BY_HOUR = timedelta(days=31)
SHORT_KINDS = {"model": Kind.MODEL_CALL, "tool": Kind.TOOL_CALL}


@extend_schema_field({"type": "string", "examples": ["2026-11-20", "2026-11-20T14:00:00Z"]})
class MomentField(serializers.Field):
    """An instant (RFC 3339) or a date, which means its first instant, UTC."""

    default_error_messages: ClassVar[dict[str, str]] = {
        "invalid": "Give a date (2026-11-20) or an instant (2026-11-20T14:00:00Z)."
    }

    def to_internal_value(self, data: Any) -> datetime:
        moment = read_moment(str(data))
        if moment is None:
            self.fail("invalid")
        return moment  # type: ignore[return-value]

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


def read_moment(text: str) -> datetime | None:
    """Read a date or an instant; without an offset it is UTC. None when it is neither."""
    try:
        moment = parse_datetime(text)
        day = parse_date(text) if moment is None or len(text) == len("2026-11-20") else None
    except ValueError:
        return None
    if day is not None:
        return datetime.combine(day, time.min, UTC)
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


class UsageQuestion(serializers.Serializer):
    """What a client wants to know of its usage."""

    group_by = serializers.ChoiceField(
        choices=["total", "hour", "day", "model", "agent", "tier", "kind"], default="day"
    )
    since = MomentField(required=False)
    until = MomentField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        now = timezone.now()
        attrs.setdefault("until", now)
        attrs.setdefault("since", now.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
        span = attrs["until"] - attrs["since"]
        if span <= timedelta(0):
            raise serializers.ValidationError({"until": "Must be later than since."})
        longest = LONGEST_BY_HOUR if attrs["group_by"] == "hour" else LONGEST
        if span > longest:
            raise serializers.ValidationError({"since": f"At most {longest.days} days at once."})
        return attrs


class FiguresSerializer(serializers.Serializer):
    """Sums over usage records; money in USD as decimal strings."""

    records = serializers.IntegerField(help_text="Usage records: one for each attempt at a model call.")
    queries = serializers.IntegerField(help_text="Queries answered, whatever attempts they took.")
    failures = serializers.IntegerField(help_text="Records that were refused or failed.")
    estimates = serializers.IntegerField(help_text="Records whose usage was computed and not told by the provider.")
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField(help_text="Part of the input tokens.")
    cost = serializers.DecimalField(max_digits=30, decimal_places=10)
    baseline_cost = serializers.DecimalField(
        max_digits=30, decimal_places=10, help_text="What all-large would have cost."
    )
    saved = serializers.DecimalField(max_digits=30, decimal_places=10)


class UsageRowSerializer(FiguresSerializer):
    """A group; of the keys those are there that `group_by` names."""

    hour = serializers.DateTimeField(required=False)
    day = serializers.DateField(required=False)
    kind = serializers.ChoiceField(choices=choices(Kind), required=False)
    provider = serializers.CharField(required=False)
    model = serializers.CharField(required=False)
    tier = serializers.CharField(required=False)
    agent = serializers.UUIDField(required=False, allow_null=True)
    agent_slug = serializers.CharField(required=False)


class UsageSerializer(serializers.Serializer):
    """Usage of a period, as it stands at this moment."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="Not included.")
    group_by = serializers.CharField()
    currency = serializers.CharField()
    total = FiguresSerializer()
    results = UsageRowSerializer(many=True)


KEYS = {
    "total": (),
    "hour": ("hour",),
    "day": ("day",),
    "model": ("provider", "model", "tier"),
    "agent": ("agent_id", "agent_slug"),
    "tier": ("tier",),
    "kind": ("kind",),
}


def figures_block(figures: usage.Figures) -> dict[str, Any]:
    return dict(FiguresSerializer(figures).data)


def _row_block(row: usage.UsageRow, group_by: str) -> dict[str, Any]:
    keys = {name: getattr(row, name) for name in KEYS[group_by]}
    if "agent_id" in keys:
        keys["agent"] = keys.pop("agent_id")
    return {**keys, **figures_block(row.figures)}


class UsageView(APIView):
    """Usage summed up by time, model, agent, tier or kind."""

    permissions: ClassVar = {"get": "billing.view_usage"}

    @extend_schema(
        operation_id="billing_usage",
        parameters=[
            OpenApiParameter(
                "group_by", enum=["total", "hour", "day", "model", "agent", "tier", "kind"], default="day"
            ),
            OpenApiParameter(
                "since", OpenApiTypes.DATETIME, description="Date or instant; the month's first by default."
            ),
            OpenApiParameter(
                "until", OpenApiTypes.DATETIME, description="Date or instant, not included; now by default."
            ),
        ],
        responses=UsageSerializer,
    )
    def get(self, request: Request) -> Response:
        question = UsageQuestion(data=request.query_params)
        question.is_valid(raise_exception=True)
        asked = question.validated_data
        rows = usage.summary(asked["since"], asked["until"], asked["group_by"])
        return Response(
            {
                "since": asked["since"],
                "until": asked["until"],
                "group_by": asked["group_by"],
                "currency": "USD",
                "total": figures_block(usage.add_up(row.figures for row in rows)),
                "results": [_row_block(row, asked["group_by"]) for row in rows],
            }
        )


class UsageRecordSerializer(serializers.ModelSerializer):
    """One usage record. Records of a query share `query`; `answers` marks the attempt that speaks for it."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    query = serializers.UUIDField(source="query_id", read_only=True, allow_null=True)
    agent = serializers.UUIDField(source="agent_id", read_only=True, allow_null=True)
    person = serializers.UUIDField(source="person_id", read_only=True, allow_null=True)
    key = serializers.UUIDField(source="key_id", read_only=True, allow_null=True)
    conversation = serializers.UUIDField(source="conversation_id", read_only=True, allow_null=True)

    class Meta:
        model = UsageRecord
        fields = (
            "id",
            "kind",
            "query",
            "attempt",
            "name",
            "provider",
            "model",
            "tier",
            "agent",
            "agent_slug",
            "person",
            "key",
            "conversation",
            "state",
            "outcome",
            "error",
            "answers",
            "input_tokens",
            "output_tokens",
            "cached_tokens",
            "cost",
            "baseline_cost",
            "latency_ms",
            "first_token_ms",
            "opened_at",
            "closed_at",
        )
        read_only_fields = fields


class MomentFormField(forms.CharField):
    """A date or an instant, like `MomentField`."""

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        moment = read_moment(text) if text else None
        if text and moment is None:
            raise forms.ValidationError(MomentField.default_error_messages["invalid"])
        return moment


class MomentFilter(django_filters.Filter):
    field_class = MomentFormField


class UsageRecordFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=[*choices(Kind), *SHORT_KINDS.items()], method="of_kind")
    query = django_filters.UUIDFilter(field_name="query_id", help_text="All records of one query.")
    agent = django_filters.CharFilter(field_name="agent_slug", help_text="The agent's slug.")
    conversation = django_filters.UUIDFilter(field_name="conversation_id")
    model = django_filters.CharFilter()
    tier = django_filters.ChoiceFilter(choices=[("small", "Small"), ("large", "Large")])
    state = django_filters.ChoiceFilter(choices=choices(State))
    outcome = django_filters.ChoiceFilter(choices=choices(Outcome))
    since = MomentFilter(field_name="opened_at", lookup_expr="gte", help_text="Opened at or after: date or instant.")
    until = MomentFilter(field_name="opened_at", lookup_expr="lt", help_text="Opened before: date or instant.")

    class Meta:
        model = UsageRecord
        fields: ClassVar[list[str]] = []

    def of_kind(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(kind=SHORT_KINDS.get(value, value))


class RecordPages(CursorPages):
    ordering: Any = ("-opened_at", "-id")


class UsageRecordViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The records behind every figure, newest first: model calls, tool calls and tickets."""

    permissions: ClassVar = {"*": "billing.view_usage"}
    queryset = UsageRecord.objects.all()
    serializer_class = UsageRecordSerializer
    filterset_class = UsageRecordFilter
    pagination_class = RecordPages
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"


class QuotaSerializer(serializers.Serializer):
    """A quota and its use. Counts are numbers, money decimal strings, null is unlimited."""

    name = serializers.CharField(source="quota.name")
    label = serializers.CharField(source="quota.label")
    limit = serializers.SerializerMethodField()
    used = serializers.SerializerMethodField()
    percent = serializers.DecimalField(max_digits=4, decimal_places=1, coerce_to_string=False)
    state = serializers.ChoiceField(choices=["ok", "warn", "full"])
    resets_at = serializers.DateTimeField(allow_null=True)
    is_overridden = serializers.BooleanField(help_text="Agreed with this organization in place of the plan's figure.")

    @extend_schema_field({"type": ["integer", "string", "null"]})
    def get_limit(self, use: quotas.QuotaUse) -> int | str | None:
        return use.quota.plain(use.limit)

    @extend_schema_field({"type": ["integer", "string"]})
    def get_used(self, use: quotas.QuotaUse) -> int | str | None:
        return use.quota.plain(use.used)


class PlanSerializer(serializers.Serializer):
    """The organization's plan and where its quotas stand."""

    slug = serializers.CharField(source="plan.slug")
    name = serializers.CharField(source="plan.name")
    price_per_month = serializers.DecimalField(max_digits=10, decimal_places=2, source="plan.price_per_month")
    price_per_year = serializers.DecimalField(max_digits=10, decimal_places=2, source="plan.price_per_year")
    currency = serializers.CharField()
    started_at = serializers.DateTimeField(source="subscription.started_at")
    quotas = QuotaSerializer(many=True)


class PlanView(APIView):
    """The plan and its quotas, with their use."""

    permissions: ClassVar = {"get": "billing.view_usage"}

    @extend_schema(operation_id="billing_plan", responses=PlanSerializer)
    def get(self, request: Request) -> Response:
        limits = load_limits()
        subscription = Subscription.objects.select_related("plan").get(organization_id=current_tenant().id)
        answer = {
            "plan": subscription.plan,
            "subscription": subscription,
            "currency": "USD",
            "quotas": quotas.usage_overview(request.user.actor, limits),
        }
        return Response(PlanSerializer(answer).data)


class QuotasView(APIView):
    """The quotas alone."""

    permissions: ClassVar = {"get": "billing.view_usage"}

    @extend_schema(operation_id="billing_quotas", responses=QuotaSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(QuotaSerializer(quotas.usage_overview(request.user.actor), many=True).data)


class OrganizationUsageSerializer(serializers.Serializer):
    """An organization's plan, quotas and current month."""

    organization = serializers.UUIDField()
    plan = serializers.DictField(help_text="Slug, name and prices.")
    quotas = serializers.DictField(help_text="By name: limit, used, state and resets_at.")
    usage = serializers.DictField(help_text="The current UTC month: queries, tokens, cost and what routing saved.")


class OrganizationUsageView(APIView):
    """An organization's usage: one's own, or any for platform staff on the platform's host."""

    permissions: ClassVar = {"get": "billing.view_usage"}

    def get_permissions(self) -> list[BasePermission]:
        on_platform = getattr(self.request, "tenant", None) is None
        return [StaffOnPlatform()] if on_platform else [HasPermission()]

    @extend_schema(operation_id="organizations_usage", responses=OrganizationUsageSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        # In a tenant, row security leaves its own organization alone to be found.
        organization = found(Organization.objects.filter(pk=id).first(), "organization")
        return Response(
            {
                "organization": organization.pk,
                "plan": blocks.plan_block(organization),
                "quotas": blocks.quotas_block(organization),
                "usage": blocks.usage_block(organization),
            }
        )


routes = [("billing/usage-records", UsageRecordViewSet, "usage-record")]
urlpatterns = [
    path("billing/usage/", UsageView.as_view(), name="billing-usage"),
    path("billing/plan/", PlanView.as_view(), name="billing-plan"),
    path("organizations/<uuid:id>/usage/", OrganizationUsageView.as_view(), name="organization-usage"),
    path("billing/quotas/", QuotasView.as_view(), name="billing-quotas"),
]
