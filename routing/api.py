"""REST: what the router would choose, what it has chosen, and what that came to."""

from datetime import timedelta
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.api import MomentField
from routing.decisions import PERIODS, decide_here, estimate, statistics
from routing.models import DecisionOutcome, RoutingDecision
from routing.policy import RouteRequest
from routing.tokens import TOKENS_PER_MESSAGE, estimate_tokens
from tenants.context import current_tenant
from tenants.models import Organization

MONEY: dict[str, Any] = {"max_digits": 30, "decimal_places": 10}
LONGEST = timedelta(days=400)


class DecideQuestion(serializers.Serializer):
    """A query that is not sent."""

    text = serializers.CharField(max_length=200_000, trim_whitespace=False)
    model = serializers.CharField(max_length=200, default="auto", help_text="auto, small, large or a model's name")
    industry = serializers.ChoiceField(
        choices=Organization.Industry.choices, required=False, help_text="Else the organization's"
    )
    tools = serializers.BooleanField(default=False, help_text="Whether the model must be able to call tools")
    max_output_tokens = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)

    def as_request(self) -> RouteRequest:
        """The question as the router takes it."""
        given = self.validated_data
        return RouteRequest(
            text=given["text"],
            industry=given.get("industry") or current_tenant().industry,
            requested=given["model"],
            needs_tools=given["tools"],
            input_tokens=TOKENS_PER_MESSAGE + estimate_tokens(given["text"]),
            max_output_tokens=given.get("max_output_tokens"),
        )


class ConsideredSerializer(serializers.Serializer):
    """A model and what became of it."""

    model = serializers.CharField()
    provider = serializers.CharField()
    tier = serializers.CharField()
    verdict = serializers.ChoiceField(choices=["chosen", "next", "refused"])
    why = serializers.CharField()
    estimated_cost = serializers.DecimalField(**MONEY, allow_null=True)


class EstimateSerializer(serializers.Serializer):
    """Dollars, for about so many tokens."""

    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(**MONEY)
    baseline_cost = serializers.DecimalField(**MONEY, help_text="On the large model.")
    saved = serializers.DecimalField(**MONEY)


class DecisionPreviewSerializer(serializers.Serializer):
    """What the router would choose, and why."""

    requested = serializers.CharField()
    industry = serializers.CharField()
    score = serializers.FloatField(help_text="Complexity in [0, 1].")
    threshold = serializers.FloatField()
    tier = serializers.CharField()
    model = serializers.CharField()
    provider = serializers.CharField()
    price = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    chain = serializers.ListField(child=serializers.CharField(), help_text="provider/model, in the order of trying.")
    considered = ConsideredSerializer(many=True)
    baseline_model = serializers.CharField()
    estimate = EstimateSerializer()


class DecideView(APIView):
    """What the router would choose. No model is called and nothing is written."""

    permissions: ClassVar[dict[str, str]] = {"post": "routing.use_router"}

    @extend_schema(request=DecideQuestion, responses=DecisionPreviewSerializer, operation_id="routing_decide")
    def post(self, request: Request) -> Response:
        """Return the choice with reasons and an estimate of its cost."""
        question = DecideQuestion(data=request.data)
        question.is_valid(raise_exception=True)
        route = question.as_request()
        decision = decide_here(route)
        preview = {
            "requested": route.requested,
            "industry": route.industry,
            "score": decision.complexity.score,
            "threshold": decision.complexity.threshold,
            "tier": decision.tier,
            "model": decision.chosen.model,
            "provider": decision.chosen.provider,
            "price": decision.chosen.price.words if decision.chosen.price else "",
            "reasons": decision.reasons,
            "chain": [option.name for option in decision.chain],
            "considered": [considered.as_json() for considered in decision.considered],
            "baseline_model": decision.baseline.name,
            "estimate": estimate(decision, route),
        }
        return Response(DecisionPreviewSerializer(preview).data)


class StatsQuestion(serializers.Serializer):
    """A period: one of the usual ones up to now, or from `since` to `until`."""

    period = serializers.ChoiceField(choices=list(PERIODS), default="month")
    since = MomentField(required=False)
    until = MomentField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in what is not given; refuse an empty or endless period."""
        attrs.setdefault("until", timezone.now())
        try:
            attrs.setdefault("since", attrs["until"] - PERIODS[attrs["period"]])
        except OverflowError:
            raise serializers.ValidationError({"until": "Nothing was before that."}) from None
        if not timedelta(0) < attrs["until"] - attrs["since"] <= LONGEST:
            words = f"Must be before until, and at most {LONGEST.days} days."
            raise serializers.ValidationError({"since": words})
        return attrs


@extend_schema_serializer(component_name="RoutingFigures")
class FiguresSerializer(serializers.Serializer):
    """Sums over decisions. Money in USD as decimal strings, times in milliseconds."""

    decisions = serializers.IntegerField(help_text="Model calls decided on.")
    queries = serializers.IntegerField(help_text="Questions behind them.")
    cost = serializers.DecimalField(**MONEY)
    baseline_cost = serializers.DecimalField(**MONEY, help_text="What all-large would have cost.")
    saved = serializers.DecimalField(**MONEY)
    mean_score = serializers.FloatField(allow_null=True)
    failovers = serializers.IntegerField()
    interrupted = serializers.IntegerField()
    failed = serializers.IntegerField()
    latency_p50_ms = serializers.FloatField(allow_null=True)
    latency_p95_ms = serializers.FloatField(allow_null=True)
    first_token_p50_ms = serializers.FloatField(allow_null=True)
    first_token_p95_ms = serializers.FloatField(allow_null=True)


class TierSerializer(serializers.Serializer):
    """The figures of a tier."""

    tier = serializers.CharField()
    figures = FiguresSerializer()


class ModelSerializer(TierSerializer):
    """The figures of a model."""

    model = serializers.CharField()
    provider = serializers.CharField()


class StatisticsSerializer(serializers.Serializer):
    """What a period's decisions came to."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="Not included.")
    small_share = serializers.FloatField(allow_null=True, help_text="Share that a small model answered.")
    total = FiguresSerializer()
    tiers = TierSerializer(many=True)
    models = ModelSerializer(many=True)


class StatsView(APIView):
    """What the router's decisions of a period came to."""

    permissions: ClassVar[dict[str, str]] = {"get": "routing.view_decision"}

    @extend_schema(parameters=[StatsQuestion], responses=StatisticsSerializer, operation_id="routing_stats")
    def get(self, request: Request) -> Response:
        """Return sums by tier and by model."""
        question = StatsQuestion(data=request.query_params)
        question.is_valid(raise_exception=True)
        found = statistics(question.validated_data["since"], question.validated_data["until"])
        return Response(StatisticsSerializer(found).data)


class DecisionSerializer(serializers.ModelSerializer):
    """A decision that was made, and what came of it."""

    id = serializers.UUIDField(source="public_id")
    query = serializers.UUIDField(source="query_id")
    conversation = serializers.UUIDField(source="conversation_id", allow_null=True)
    considered = ConsideredSerializer(many=True)
    reasons = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = RoutingDecision
        fields = (
            "id",
            "query",
            "at",
            "requested",
            "industry",
            "score",
            "threshold",
            "tier",
            "model",
            "provider",
            "reasons",
            "considered",
            "outcome",
            "attempts",
            "agent_slug",
            "conversation",
            "actor",
            "input_tokens",
            "output_tokens",
            "cost",
            "baseline_cost",
            "latency_ms",
            "first_token_ms",
        )


class DecisionFilter(django_filters.FilterSet):
    """Narrows a list of decisions."""

    query = django_filters.UUIDFilter(field_name="query_id")
    conversation = django_filters.UUIDFilter(field_name="conversation_id")
    tier = django_filters.ChoiceFilter(choices=[("small", "small"), ("large", "large")])
    outcome = django_filters.ChoiceFilter(choices=DecisionOutcome.choices)
    model = django_filters.CharFilter()
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = RoutingDecision
        fields: ClassVar[list[str]] = []


class DecisionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Decisions that were made, newest first."""

    permissions: ClassVar[dict[str, str]] = {"*": "routing.view_decision"}
    serializer_class = DecisionSerializer
    filterset_class = DecisionFilter
    queryset = RoutingDecision.objects.none()
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet:
        return RoutingDecision.objects.order_by("-at", "-id")


routes = [("routing/decisions", DecisionViewSet, "routing-decisions")]
urlpatterns = [
    path("routing/decide/", DecideView.as_view(), name="routing-decide"),
    path("routing/stats/", StatsView.as_view(), name="routing-stats"),
]
