"""Refusals and faults of tenancy. `Refusal` is the base of every expected refusal in the product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Refusal(Exception):
    """An expected refusal, with the facts as attributes and words for people.

    Pages render it, REST turns it into problem+json (RFC 9457), sockets into an `error` frame.
    `extra` becomes members of the problem document; `errors` maps field names to lists of messages.
    """

    status: ClassVar[int] = 400
    type: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused"

    def __init__(
        self,
        detail: str = "",
        *,
        extra: Mapping[str, Any] | None = None,
        errors: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.extra = dict(extra or {})
        self.errors = dict(errors or {})
        super().__init__(self.detail)


class Invalid(Refusal):
    """The input contradicts itself or the state of things; `errors` names the fields."""

    status = 422
    type = "invalid"
    title = "The input is not valid"


class NotFound(Refusal):
    status = 404
    type = "not-found"
    title = "Not found"


class Forbidden(Refusal):
    status = 403
    type = "forbidden"
    title = "Not allowed"


class Conflict(Refusal):
    status = 409
    type = "conflict"
    title = "This does not fit the current state"


class TooLarge(Refusal):
    status = 413
    type = "too-large"
    title = "The body is too large"


class TenantSuspended(Refusal):
    status = 403
    type = "organization-suspended"
    title = "This organization is suspended"


class TenantNotReady(Refusal):
    status = 503
    type = "organization-not-ready"
    title = "This organization is not open yet"


class ServiceUnavailable(Refusal):
    status = 503
    type = "unavailable"
    title = "The service is not available at the moment"


class NoTenantContext(RuntimeError):
    """Database, cache or key access outside any context. A programming error: open one from `tenants.context`."""

    def __init__(self) -> None:
        super().__init__("No tenant or platform context is open. Use tenants.context at the point of use.")


class WrongSchema(RuntimeError):
    """The session did not arrive in the schema it was sent to (the schema is missing, or the role may not use it)."""

    def __init__(self, wanted: str, arrived: str | None) -> None:
        super().__init__(f"The connection was sent to schema {wanted} and arrived in {arrived}.")
