"""How the OpenAPI document names our ways to sign in."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from agents.tickets.states import KIND_LABELS
from billing.models import Kind, choices


class KeyScheme(OpenApiAuthenticationExtension):
    """An API key of an organization."""

    target_class = "tenants.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the scheme's description."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "`Authorization: Bearer <key>`, on the organization's host or on the platform's.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    """A signed-in person's browser."""

    target_class = "tenants.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the scheme's description."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of the host; unsafe methods need the CSRF token in `X-CSRFToken`.",
        }


def usage_record_kinds() -> list[tuple[str, str]]:
    """Return the choices behind a `kind`, which settings cannot name by a path."""
    return choices(Kind)


def ticket_kinds() -> list[tuple[str, str]]:
    """Return the ITIL types of tickets."""
    return list(KIND_LABELS.items())
