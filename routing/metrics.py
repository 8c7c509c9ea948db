"""Counters for `/metrics`. No tenant is named: their number is not bounded, and their business is not public."""

from prometheus_client import Counter, Histogram

ATTEMPTS = Counter("orchestrall_model_attempts_total", "Requests sent to providers.", ["provider", "model"])
FAILURES = Counter("orchestrall_model_failures_total", "Requests that failed, by kind.", ["provider", "model", "kind"])
ANSWERS = Counter("orchestrall_model_answers_total", "Model calls by how they ended.", ["model", "tier", "outcome"])
FAILOVERS = Counter("orchestrall_model_failovers_total", "Model calls that another than the first model answered.")
FIRST_TOKEN = Histogram(
    "orchestrall_model_first_token_seconds",
    "From the attempt to the first token.",
    ["model"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16),
)
LATENCY = Histogram(
    "orchestrall_model_latency_seconds",
    "From the attempt to the end of the answer.",
    ["model"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128),
)
