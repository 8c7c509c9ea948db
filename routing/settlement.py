"""The end of a model call: its usage records are closed, once, and the decision is written down."""

from decimal import Decimal
from typing import Any

from django.db import transaction

from audit.chain import record
from billing.metering import close_record
from billing.spend import release_spend
from routing import metrics, shutdown
from routing.models import DecisionOutcome, RoutingDecision
from routing.outcomes import Outcome
from tenants.context import on_commit


def settle(outcome: Outcome, *, actor: str) -> RoutingDecision | None:
    """Close the call's usage records, give back what was reserved, and write the decision and its audit entry.

    Runs inside the caller's transaction, together with the message that keeps the answer. Doing it twice, or after
    the sweeper, changes nothing more. Returns the decision, or nothing when the call ended before one was made or has
    been settled before. Writes `routing.decision.made`.
    """
    if outcome.is_settled or outcome.decision is None or not (outcome.attempts or outcome.failed):
        return None
    # A transaction for callers that have none; inside one, no savepoint: what fails here fails all of it.
    with transaction.atomic(savepoint=False):
        closed = [_close(outcome, number) for number in range(len(outcome.attempts))]
        release_spend(outcome.reservation)
        # A record that somebody else had closed may mean that this outcome was settled before, by another process.
        if not all(closed) and RoutingDecision.objects.filter(public_id=outcome.id).exists():
            return None
        decision = RoutingDecision.objects.create(**_facts(outcome, actor))
        _write_audit_entry(decision)
        on_commit(_note_settled, outcome)
    return decision


def _close(outcome: Outcome, number: int) -> bool:
    """Close one attempt. True when it is known that nobody settled it before."""
    attempt = outcome.attempts[number]
    if attempt.is_closed or attempt.closing is None:
        return True
    return close_record(attempt.record_id, attempt.closing)


def _facts(outcome: Outcome, actor: str) -> dict[str, Any]:
    decision, call = outcome.decision, outcome.call
    assert decision is not None
    return {
        "public_id": outcome.id,
        "query_id": call.query_id,
        "requested": call.requested,
        "industry": call.tenant.industry,
        "score": decision.complexity.score,
        "threshold": decision.complexity.threshold,
        "tier": outcome.tier or decision.tier,
        "model": outcome.model,
        "provider": outcome.provider,
        "reasons": _reasons(outcome),
        "considered": [considered.as_json() for considered in decision.considered],
        "outcome": _kind(outcome),
        "attempts": len(outcome.attempts),
        "agent_slug": call.agent_slug,
        "conversation_id": call.conversation_id,
        "actor": actor,
        "input_tokens": outcome.usage.input_tokens,
        "output_tokens": outcome.usage.output_tokens,
        "cost": outcome.cost,
        "baseline_cost": outcome.baseline_cost,
        "latency_ms": outcome.latency_ms,
        "first_token_ms": outcome.first_token_ms,
    }


def _kind(outcome: Outcome) -> str:
    if outcome.failed or not outcome.model:
        return str(DecisionOutcome.FAILED)
    return str(DecisionOutcome.INTERRUPTED if outcome.interrupted else DecisionOutcome.ANSWERED)


def _reasons(outcome: Outcome) -> list[str]:
    """Why this model: the decision's reasons, and who failed before it."""
    assert outcome.decision is not None
    failed = [
        f"{attempt.option.model} did not answer ({attempt.closing.error})"
        for attempt in outcome.attempts
        if attempt.closing is not None and attempt.closing.outcome in ("refused", "failed")
    ]
    return [*outcome.decision.reasons, *failed]


def _write_audit_entry(decision: RoutingDecision) -> None:
    record(
        action="routing.decision.made",
        target=f"routing.decision:{decision.public_id}",
        actor=decision.actor,
        payload={
            "query": str(decision.query_id),
            "model": decision.model or "no model",
            "provider": decision.provider,
            "tier": decision.tier,
            "requested": decision.requested,
            "score": f"{decision.score:.4f}",
            "outcome": decision.outcome,
            "cost": _plain(decision.cost),
            "baseline_cost": _plain(decision.baseline_cost),
        },
    )


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"


def _note_settled(outcome: Outcome) -> None:
    outcome.is_settled = True
    shutdown.settled(outcome.id)
    metrics.ANSWERS.labels(outcome.model or "none", outcome.tier or "none", _kind(outcome)).inc()
    if not outcome.model:
        return
    if outcome.decision is not None and outcome.model != outcome.decision.chosen.model:
        metrics.FAILOVERS.inc()
    metrics.LATENCY.labels(outcome.model).observe(outcome.latency_ms / 1000)
    if outcome.first_token_ms is not None:
        metrics.FIRST_TOKEN.labels(outcome.model).observe(outcome.first_token_ms / 1000)
