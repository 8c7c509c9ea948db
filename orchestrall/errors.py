"""The pages of refusal and of failure: what happened, what it means, what to do.

They are rendered without context processors and without a query, because what failed may be what those need.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import select_template
from django.utils import timezone

from orchestrall.logs import request_id
from orchestrall.theme import device_theme
from tenants.exceptions import Forbidden, NotFound, Refusal
from tenants.problems import refusal_response, retry_headers

logger = logging.getLogger("orchestrall.errors")

MACHINE_PREFIXES = ("/api/", "/v1/")


class Unreadable(Refusal):
    status = 400
    type = "unreadable"
    title = "That request could not be read"


class FormTooOld(Refusal):
    status = 403
    type = "form-too-old"
    title = "This form is no longer valid"


class Failure(Refusal):
    """A fault of ours. Its words never carry the exception's."""

    status = 500
    type = "internal"
    title = "That did not work, and it is our fault"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """Answer 400."""
    return answer(request, Unreadable("It was malformed or too large. Nothing was changed."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """Answer 403; the words of the exception, if it has any, are meant for people."""
    return answer(request, Forbidden(str(exception or "") or "Your role does not include this."))


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """Answer 404, in the same words for what is not there and for what belongs to someone else."""
    return answer(request, NotFound("There is nothing at this address, or it is not yours to see."))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer 500 with a reference that the log carries too."""
    return answer(request, Failure("The page could not be put together. Nothing half-done was kept."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer 403 where the form's token was missing or too old."""
    return answer(request, FormTooOld("It was open too long or came from another page. Reload it and send it again."))


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponseBase:
    """Answer with a refusal in the shape the caller speaks: a page, problem+json or OpenAI's error."""
    reference = reference_of()
    if refusal.status >= 500:
        logger.error("answered %s at %s, reference %s", refusal.status, request.path, reference)
    if request.path.startswith(MACHINE_PREFIXES):
        return refusal_response(request, refusal)
    template = select_template([f"errors/{refusal.type}.html", f"errors/{refusal.status}.html", "errors/refused.html"])
    context = page_context(request, refusal) | {"reference": reference}
    return HttpResponse(template.render(context), status=refusal.status, headers=retry_headers(refusal))


def page_context(request: HttpRequest, refusal: Refusal) -> dict[str, Any]:
    """What the pages show, gathered without a query."""
    tenant = getattr(request, "tenant", None)
    return {
        "refusal": refusal,
        "now": timezone.now(),
        "theme": device_theme(request),
        "organization_name": getattr(tenant, "name", ""),
    }


def reference_of() -> str:
    """Return the id under which staff find the request at hand in the log."""
    return request_id.get() or uuid4().hex


class RefusalPages:
    """Turn a use case's refusal, raised in a page's view, into its page."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer expected refusals; the rest is a fault and goes on to the log."""
        return answer(request, exception) if isinstance(exception, Refusal) else None
