"""Refusals on the wire: problem+json (RFC 9457) for REST, OpenAI's shape under `/v1/`, pages elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.response import Response

from tenants.exceptions import Forbidden, NotFound, Refusal, TooLarge

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
OPENAI_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}


def problem(refusal: Refusal) -> dict[str, Any]:
    """The problem document of a refusal: `type`, `title`, `status`, `detail`, its facts, `errors` by field."""
    document: dict[str, Any] = {
        "type": f"/problems/{refusal.type}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        **refusal.extra,
    }
    if refusal.errors:
        document["errors"] = refusal.errors
    return document


def openai_error(refusal: Refusal) -> dict[str, Any]:
    """The same in OpenAI's error shape."""
    kind = OPENAI_KINDS.get(refusal.status, "api_error")
    return {
        "error": {
            "message": refusal.detail,
            "type": kind,
            "param": next(iter(refusal.errors), None),
            "code": refusal.type.replace("-", "_"),
            **({"details": refusal.extra} if refusal.extra else {}),
        }
    }


def retry_headers(refusal: Refusal) -> dict[str, str]:
    seconds = refusal.extra.get("retry_after_s")
    return {"Retry-After": str(max(1, int(seconds)))} if seconds is not None else {}


def refusal_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Answer a refusal raised outside a view, in the language of the path."""
    headers = retry_headers(refusal)
    if request.path.startswith("/v1/"):
        return JsonResponse(openai_error(refusal), status=refusal.status, headers=headers)
    if request.path.startswith("/api/"):
        return JsonResponse(problem(refusal), status=refusal.status, content_type=CONTENT_TYPE, headers=headers)
    response = render(request, "errors/refused.html", {"refusal": refusal}, status=refusal.status)
    for name, value in headers.items():
        response[name] = value
    return response


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: every expected error becomes a problem document; the rest is left to Django."""
    refusal = as_refusal(error)
    if refusal is None:
        return None
    headers = retry_headers(refusal)
    if isinstance(error, exceptions.APIException) and getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if isinstance(error, exceptions.Throttled) and error.wait:
        headers["Retry-After"] = str(int(error.wait) + 1)
    return Response(problem(refusal), status=refusal.status, headers=headers, content_type=CONTENT_TYPE)


def as_refusal(error: Exception) -> Refusal | None:
    """Translate Django's and DRF's expected errors; None for a fault of ours."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, Http404):
        return NotFound("There is no such object here.")
    if isinstance(error, PermissionDenied):
        return Forbidden(str(error) or "Your role does not allow this.")
    if isinstance(error, RequestDataTooBig):
        return TooLarge(f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes.")
    if isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(get_error_detail(error))
    if isinstance(error, exceptions.APIException):
        return _from_drf(error)
    return None


def _from_drf(error: exceptions.APIException) -> Refusal:
    status = error.status_code
    if isinstance(error, exceptions.ValidationError):
        fields = _flatten(error.detail)
        words = "; ".join(f"{name}: {messages[0]}" if name else messages[0] for name, messages in fields.items())
        refusal = Refusal(
            words or "The input is not valid.", errors={name or "non_field_errors": v for name, v in fields.items()}
        )
        names = ("invalid", "The input is not valid")
    else:
        refusal = Refusal(str(error.detail))
        names = {
            401: ("not-authenticated", "Not signed in"),
            403: ("forbidden", "Not allowed"),
            404: ("not-found", "Not found"),
            405: ("method-not-allowed", "Method not allowed"),
            406: ("not-acceptable", "Not acceptable"),
            415: ("unsupported-media-type", "Unsupported media type"),
            429: ("too-many-requests", "Too many requests"),
        }.get(status, ("refused", "The request was refused"))
    refusal.status, refusal.type, refusal.title = status, names[0], names[1]  # type: ignore[misc]
    return refusal


def _flatten(detail: Any, name: str = "") -> dict[str, list[str]]:
    """`{"a": {"b": ["x"]}}` becomes `{"a.b": ["x"]}`."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for key, value in detail.items():
            part = "" if key == "non_field_errors" else str(key)
            flat.update(_flatten(value, ".".join(p for p in (name, part) if p)))
        return flat
    if isinstance(detail, list):
        if all(not isinstance(item, dict | list) for item in detail):
            return {name: [str(item) for item in detail]}
        flat = {}
        for index, item in enumerate(detail):
            if item:
                flat.update(_flatten(item, f"{name}.{index}" if name else str(index)))
        return flat
    return {name: [str(detail)]}
