"""What every page may show: the theme, the shell's menu and counts, and the demonstration's banner.

Nothing here asks the database before a template reads it, so fragments and pages without the frame cost nothing.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from orchestrall.navigation import place_of
from orchestrall.shell import Shell
from orchestrall.theme import chosen_theme


def page(request: HttpRequest) -> dict[str, Any]:
    """Return `theme`, `shell` and `nav`, the entry of the menu this page belongs to (a view may say otherwise)."""
    return {"theme": chosen_theme(request), "shell": Shell(request), "nav": place_of(request)}
