"""Refusals in OpenAI's error shape, with the statuses that OpenAI's clients understand."""

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from billing.exceptions import QuotaExceeded
from routing.exceptions import AllProvidersFailed, ModelNotFound, NoEligibleModel, ProviderRejected, QueryTooLong
from tenants.exceptions import Refusal
from tenants.problems import retry_headers

logger = logging.getLogger(__name__)

View = Callable[..., Awaitable[HttpResponseBase]]

KINDS = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
UNAUTHORIZED = {"WWW-Authenticate": "Bearer"}


class BadRequest(Refusal):
    type = "invalid-request"
    title = "The request is not valid"


class BodyTooLarge(Refusal):
    status = 413
    type = "body-too-large"
    title = "The body is too large"


class MethodNotAllowed(Refusal):
    status = 405
    type = "method-not-allowed"
    title = "This method is not allowed here"


class InvalidKey(Refusal):
    status = 401
    type = "invalid-api-key"
    title = "The API key is missing or not valid"


def error_body(refusal: Refusal) -> dict[str, Any]:
    """Return `{"error": {…}}`. Facts such as a quota's limit stand beside OpenAI's four fields."""
    status = wire_status(refusal)
    kind = KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {
        "error": {
            "message": refusal.detail,
            "type": _kind(refusal) or kind,
            "param": next(iter(refusal.errors), _param(refusal)),
            "code": _code(refusal),
            **refusal.extra,
        }
    }


def error_response(refusal: Refusal) -> JsonResponse:
    """Return the refusal as a response."""
    return JsonResponse(error_body(refusal), status=wire_status(refusal), headers=error_headers(refusal))


def wire_status(refusal: Refusal) -> int:
    """OpenAI says 400 where others say 422."""
    return 400 if refusal.status == 422 else refusal.status


def error_headers(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, InvalidKey):
        return UNAUTHORIZED
    headers = retry_headers(refusal)
    # Clients that retry by themselves must not hammer a monthly limit.
    if isinstance(refusal, QuotaExceeded) and refusal.limit_name != "requests_per_minute":
        return {**headers, "X-Should-Retry": "false"}
    return headers


def openai_errors(view: View) -> View:
    """Turn refusals into OpenAI's errors; a fault of ours becomes a 500 that says no more than that."""

    @wraps(view)
    async def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return await view(request, *args, **kwargs)
        except Refusal as refusal:
            return error_response(refusal)
        except Exception:
            logger.exception("A request to %s failed.", request.path)
            return error_response(_Fault())

    return wrapped


class _Fault(Refusal):
    status = 500
    type = "internal-error"
    title = "The server had an error. It has been written down; please try again"


def _kind(refusal: Refusal) -> str:
    if isinstance(refusal, QuotaExceeded) and refusal.limit_name != "requests_per_minute":
        return "insufficient_quota"
    return "overloaded_error" if isinstance(refusal, AllProvidersFailed | NoEligibleModel) else ""


def _param(refusal: Refusal) -> str | None:
    if isinstance(refusal, ModelNotFound):
        return "model"
    return "messages" if isinstance(refusal, QueryTooLong) else None


def _code(refusal: Refusal) -> str:
    if isinstance(refusal, QueryTooLong):
        return "context_length_exceeded"
    if isinstance(refusal, ProviderRejected) and refusal.extra.get("code"):
        return str(refusal.extra["code"])
    if isinstance(refusal, QuotaExceeded):
        monthly = refusal.limit_name != "requests_per_minute"
        return "insufficient_quota" if monthly else "rate_limit_exceeded"
    return refusal.type.replace("-", "_")
