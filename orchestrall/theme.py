"""Light or dark, known on the server so that no page flashes: the device's choice first, then the person's."""

from __future__ import annotations

from django.http import HttpRequest

COOKIE = "theme"
THEMES = {"light", "dark"}


def device_theme(request: HttpRequest) -> str:
    """Return "light" or "dark" as chosen on this device, or "" where nothing was chosen."""
    choice = request.COOKIES.get(COOKIE, "")
    return choice if choice in THEMES else ""


def chosen_theme(request: HttpRequest) -> str:
    """Return the device's choice, else the signed-in person's setting, or "" where the device decides."""
    choice = device_theme(request)
    if choice:
        return choice
    setting = getattr(getattr(request, "user", None), "theme", "")
    return setting if setting in THEMES else ""
