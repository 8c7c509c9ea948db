"""The admin in the colours of the house, from the design's tokens in `static/css/base.css`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static


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

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Orchestrall",
    "SITE_HEADER": "Orchestrall",
    "SITE_SUBHEADER": "Platform",
    "SITE_ICON": _asset("img/logo-app.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _asset("img/logo-app.svg")}],
    "BORDER_RADIUS": "7px",
    "COLORS": {"base": BASE, "primary": VELVET},
    "STYLES": [_asset("css/admin.css")],
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}
