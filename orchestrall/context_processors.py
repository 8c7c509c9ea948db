"""What every page may show: the theme, the shell's menu and counts, and the demonstration's banner.

Nothing here asks the database before a template reads it, so fragments and pages without the frame cost nothing.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from orchestrall.shell import Shell
from orchestrall.theme import chosen_theme


def page(request: HttpRequest) -> dict[str, Any]:
    """Return `theme` and `shell` for templates."""
    return {"theme": chosen_theme(request), "shell": Shell(request)}
