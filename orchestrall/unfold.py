"""The admin in the colours of the house, from the design's tokens in `static/css/base.css`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _asset(path: str) -> Any:
    """Unfold asks for addresses when it draws: static files have none while settings are read."""

    def address(request: HttpRequest) -> str:
        return static(path)

    return address


BASE = {
    "50": "oklch(98.1% .002 345)",
    "100": "oklch(96.4% .004 337)",
    "200": "oklch(92.2% .008 337)",
    "300": "oklch(85.2% .015 336)",
    "400": "oklch(73.3% .016 339)",
    "500": "oklch(55% .017 336)",
    "600": "oklch(48.7% .017 336)",
    "700": "oklch(36.9% .019 333)",
    "800": "oklch(27% .015 334)",
    "900": "oklch(21.7% .011 333)",
    "950": "oklch(18.4% .009 335)",
}
VELVET = {
    "50": "oklch(97.5% .012 339)",
    "100": "oklch(95.7% .015 339)",
    "200": "oklch(90% .045 340)",
    "300": "oklch(84% .085 340)",
    "400": "oklch(78% .121 340)",
    "500": "oklch(59.4% .15 341.5)",
    "600": "oklch(43% .15 345)",
    "700": "oklch(37.1% .132 345)",
    "800": "oklch(33% .11 344)",
    "900": "oklch(29% .08 342)",
    "950": "oklch(24% .05 340)",
}


def _item(title: str, icon: str, view: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{view}")}


NAVIGATION = [
    {"title": "", "items": [_item("Overview", "dashboard", "index")]},
    {
        "title": "Organizations",
        "separator": True,
        "items": [
            _item("Organizations", "apartment", "tenants_organization_changelist"),
            _item("Domains", "dns", "tenants_domain_changelist"),
            _item("People", "group", "tenants_user_changelist"),
            _item("Invitations", "mail", "tenants_invitation_changelist"),
            _item("API keys", "key", "tenants_apikey_changelist"),
        ],
    },
    {
        "title": "Plans and usage",
        "separator": True,
        "items": [
            _item("Plans", "sell", "plans_plan_changelist"),
            _item("Subscriptions", "receipt_long", "plans_subscription_changelist"),
            _item("Quota overrides", "tune", "plans_quotaoverride_changelist"),
            _item("Usage by organization", "bar_chart", "billing_platform_platformusagedaily_changelist"),
        ],
    },
    {
        "title": "Models",
        "separator": True,
        "items": [
            _item("Providers", "hub", "providers_provider_changelist"),
            _item("Models", "neurology", "providers_providermodel_changelist"),
            _item("Prices", "payments", "providers_price_changelist"),
        ],
    },
    {
        "title": "Running",
        "separator": True,
        "items": [
            _item("Chain health", "verified", "audit_platform_verificationrun_changelist"),
            _item("Platform audit", "history", "audit_platform_platformentry_changelist"),
            _item("Jobs", "schedule", "django_celery_beat_periodictask_changelist"),
        ],
    },
    {
        "title": "Inside one organization",
        "separator": True,
        "items": [
            _item("Choose it", "swap_horiz", "tenant-switch"),
            _item("Agents", "smart_toy", "agents_agent_changelist"),
            _item("Tickets", "confirmation_number", "tickets_ticket_changelist"),
            _item("Conversations", "forum", "chat_conversation_changelist"),
            _item("Messages", "chat", "chat_message_changelist"),
            _item("Routing decisions", "alt_route", "routing_routingdecision_changelist"),
            _item("Usage records", "receipt", "billing_usagerecord_changelist"),
            _item("Audit entries", "link", "audit_entry_changelist"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Orchestrall",
    "SITE_HEADER": "Orchestrall",
    "SITE_SUBHEADER": "Platform",
    "SITE_ICON": _asset("img/logo-app.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _asset("img/logo-app.svg")}],
    "BORDER_RADIUS": "7px",
    "COLORS": {"base": BASE, "primary": VELVET},
    "STYLES": [_asset("css/admin.css")],
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": NAVIGATION},
}
