"""Pages: costs, one query's attempts, plan and quotas."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from audit.chain import record
from audit.names import names_of
from billing import export, queries, quotas, usage
from billing.exceptions import WHO_MAY_CHANGE
from billing.labels import AgentLabel, agent_label, agent_labels
from billing.limits import load_limits
from billing.periods import Period, periods, series
from billing.plans import subscriptions
from billing.plans.models import Plan, Subscription
from tenants.context import current_tenant
from tenants.decorators import permission_required_here
from tenants.exceptions import NotFound, Refusal

DEFAULT_PERIOD = "month"


@dataclass(frozen=True, slots=True)
class AgentLine:
    """An agent's share of the period."""

    label: AgentLabel
    usage: usage.AgentUsage


@dataclass(frozen=True, slots=True)
class QueryLine:
    """A query with the names that go with its ids."""

    query: queries.Query
    agent: AgentLabel
    asked_by: str


@require_GET
@permission_required_here("billing.view_usage")
def costs(request: HttpRequest) -> HttpResponse:
    """What was spent, on what, and what routing saved."""
    period = _period(request)
    report = usage.report(period.start, period.end)
    page = _query_page(request, period)
    labels = agent_labels([*(agent.agent_id for agent in report.agents), *_agents_of(page)])
    context = {
        "period": period,
        "periods": periods(timezone.now()).values(),
        "report": report,
        "agents": [AgentLine(agent_label(a.agent_id, a.agent_slug, labels), a) for a in report.agents],
        "charts": series(period, report.days),
        "queries": _query_lines(page, labels),
        "older": page.older,
    }
    if report.total.records:
        context["former"] = usage.total(period.before, period.start)
    return render(request, "billing/costs.html", context)


@require_GET
@permission_required_here("billing.view_usage")
def query_list(request: HttpRequest) -> HttpResponse:
    """Older queries, as a fragment that the costs page appends."""
    period = _period(request)
    page = _query_page(request, period)
    lines = _query_lines(page, agent_labels(_agents_of(page)))
    return render(request, "billing/_queries.html", {"queries": lines, "older": page.older, "period": period})


@require_GET
@permission_required_here("billing.view_usage")
def export_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The period's usage records as a file. Writes `billing.usage.exported` to the chain."""
    period, tenant = _period(request), current_tenant()
    since, until = f"{period.start:%Y-%m-%d}", f"{period.end:%Y-%m-%d}"
    with transaction.atomic():
        record(
            action="billing.usage.exported",
            target=f"tenants.organization:{tenant.id}",
            actor=request.user.actor,
            payload={"since": since, "until": until},
        )
    response = StreamingHttpResponse(export.csv_of(tenant, period.start, period.end), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="usage-{tenant.slug}-{since}.csv"'
    return response


@require_GET
@permission_required_here("billing.view_usage")
def plan(request: HttpRequest) -> HttpResponse:
    """Plan, price and quotas; for admins the other plans too."""
    return _render_plan(request)


@require_POST
@permission_required_here("billing.change_plan")
def plan_change(request: HttpRequest) -> HttpResponse:
    """Choose another plan. A refusal is shown in place, with its reasons."""
    try:
        chosen = subscriptions.find_plan(request.POST.get("plan", ""))
        subscriptions.change_plan(chosen.slug, actor=request.user.actor)
    except Refusal as refusal:
        return _render_plan(request, refusal)
    messages.success(request, f"{current_tenant().name} is on the {chosen.name} plan now.")
    return redirect("billing:plan")


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan one may change to, or the sentences that say why not."""

    plan: Plan
    is_current: bool
    reasons: list[str]

    @property
    def months_free(self) -> int:
        """How many of twelve months a yearly payment saves, rounded down."""
        monthly = self.plan.price_per_month
        return int(12 - self.plan.price_per_year / monthly) if monthly else 0


def _render_plan(request: HttpRequest, refusal: Refusal | None = None) -> HttpResponse:
    limits = load_limits()
    subscription = Subscription.objects.select_related("plan").get(organization_id=current_tenant().id)
    may_change = request.user.has_perm("billing.change_plan")
    context = {
        "settings_page": "plan",
        "subscription": subscription,
        "uses": quotas.usage_overview(request.user.actor, limits),
        "may_change": may_change,
        "who_may_change": WHO_MAY_CHANGE,
        "offers": [
            PlanOffer(offered, offered.pk == subscription.plan_id, subscriptions.too_small_for(offered))
            for offered in subscriptions.list_plans()
        ],
        "refusal": refusal,
    }
    return render(request, "billing/plan.html", context, status=refusal.status if refusal else 200)


def _period(request: HttpRequest) -> Period:
    offered = periods(timezone.now())
    return offered.get(request.GET.get("period", ""), offered[DEFAULT_PERIOD])


def _query_page(request: HttpRequest, period: Period) -> queries.QueryPage:
    try:
        return queries.list_queries(period.start, period.end, before=request.GET.get("before", ""))
    except ValueError:
        raise NotFound("This page of queries does not exist. Go back to the first one.") from None


def _agents_of(page: queries.QueryPage) -> list[UUID | None]:
    return [query.answer.agent_id for query in page.queries]


def _query_lines(page: queries.QueryPage, labels: dict[UUID, AgentLabel]) -> list[QueryLine]:
    asked_by = names_of(actor for query in page.queries if (actor := query.asked_by))
    return [
        QueryLine(
            query,
            agent_label(query.answer.agent_id, query.answer.agent_slug, labels),
            asked_by.get(query.asked_by, ""),
        )
        for query in page.queries
    ]
