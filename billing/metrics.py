"""Prometheus metrics of billing. Without tenant labels: the endpoint is for the platform."""

from __future__ import annotations

from prometheus_client import Counter

QUOTA_REFUSALS = Counter("orchestrall_quota_refusals_total", "Requests refused because a quota is used up", ["quota"])
QUOTA_WARNINGS = Counter("orchestrall_quota_warnings_total", "Quotas that reached 80 %", ["quota"])
RECORDS_OPENED = Counter("orchestrall_usage_records_opened_total", "Usage records opened", ["kind"])
RECORDS_CLOSED = Counter("orchestrall_usage_records_closed_total", "Usage records closed", ["kind", "outcome"])
MODEL_COST = Counter("orchestrall_model_cost_dollars_total", "Cost of closed model calls, USD", ["tier"])
MODEL_BASELINE = Counter("orchestrall_model_baseline_dollars_total", "What all-large would have cost, USD", ["tier"])
TOKENS = Counter("orchestrall_tokens_total", "Tokens of closed model calls", ["direction", "tier"])
ROLLED_UP = Counter("orchestrall_rolled_up_hours_total", "Hours that rollups were made for")
