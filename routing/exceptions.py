"""The router's refusals."""

from collections.abc import Mapping, Sequence

from tenants.exceptions import Refusal, ServiceUnavailable


class ModelNotFound(Refusal):
    """Nobody offers a model of that name. `allowed` lists what may be asked for."""

    status = 404
    type = "model-not-found"
    title = "There is no such model"

    def __init__(self, model: str, allowed: Sequence[str]) -> None:
        self.model = model
        self.allowed = list(allowed)
        super().__init__(
            f"There is no model {model!r}. Ask for one of {', '.join(self.allowed)}.",
            extra={"model": model, "allowed": self.allowed},
        )


class QueryTooLong(Refusal):
    """No model's window takes the query."""

    status = 422
    type = "query-too-long"
    title = "The query is too long"

    def __init__(self, tokens: int, limit: int) -> None:
        self.tokens = tokens
        self.limit = limit
        super().__init__(
            f"The query with its answer has up to {tokens:,} tokens; the longest window here is {limit:,}.",
            extra={"tokens": tokens, "limit": limit},
        )


class NoEligibleModel(ServiceUnavailable):
    """Models are there, but none may be used. `reasons` maps `provider/model` to the reason."""

    type = "no-eligible-model"
    title = "No model can take this query"

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        words = "; ".join(f"{name}: {why}" for name, why in self.reasons.items())
        super().__init__(
            f"No model can take this query. {words or 'No provider is configured.'}", extra={"reasons": self.reasons}
        )


class AllProvidersFailed(ServiceUnavailable):
    """Every model of the chain was tried, or is known to be down. Nothing was said and nothing is charged."""

    type = "all-providers-failed"
    title = "No model provider answers at the moment"

    def __init__(self, failures: Mapping[str, str], retry_after_s: float) -> None:
        self.failures = dict(failures)
        self.retry_after_s = retry_after_s
        super().__init__(
            "No model provider answers at the moment. The question is kept and nothing was charged; try again shortly.",
            extra={"retry_after_s": max(1, round(retry_after_s))},
        )


class AnswerBrokeOff(ServiceUnavailable):
    """The provider fell silent in the middle of its answer. What was said until then is in the outcome."""

    status = 502
    type = "answer-broke-off"
    title = "The answer broke off"


class ProviderRejected(Refusal):
    """The provider says that the request itself is wrong; another provider would say the same."""

    type = "rejected-by-provider"
    title = "The model's provider does not accept this request"


class ShuttingDown(ServiceUnavailable):
    """This process is being stopped; another one takes the question."""

    type = "shutting-down"
    title = "The server is being restarted; please try again"
