"""What an organization's slug may be: it becomes a host name label."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])\Z")
RESERVED = frozenset(
    [
        "about",
        "account",
        "accounts",
        "admin",
        "api",
        "app",
        "apps",
        "assets",
        "auth",
        "billing",
        "blog",
        "cdn",
        "chat",
        "console",
        "dashboard",
        "demo",
        "dev",
        "docs",
        "email",
        "ftp",
        "help",
        "host",
        "id",
        "imap",
        "info",
        "internal",
        "invite",
        "localhost",
        "login",
        "logout",
        "mail",
        "media",
        "metrics",
        "mx",
        "new",
        "ns",
        "ns1",
        "ns2",
        "oauth",
        "platform",
        "pop",
        "pop3",
        "postgres",
        "pricing",
        "private",
        "public",
        "root",
        "saml",
        "security",
        "settings",
        "shop",
        "sign-up",
        "signup",
        "smtp",
        "sso",
        "staff",
        "staging",
        "static",
        "status",
        "store",
        "support",
        "system",
        "t",
        "test",
        "tests",
        "webhook",
        "webhooks",
        "widget",
        "ws",
        "www",
    ]
)


def validate_slug(slug: str) -> None:
    """Raise ValidationError unless `slug` is 3 to 40 lower-case letters, digits and inner hyphens, and not reserved."""
    if not SLUG.match(slug):
        raise ValidationError(
            "A slug has 3 to 40 characters: lower-case letters a to z, digits and hyphens, no hyphen at either end."
        )
    if slug in RESERVED or slug.startswith("xn--"):
        raise ValidationError(f"“{slug}” is reserved. Please choose another slug.")
