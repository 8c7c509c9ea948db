"""`manage.py score_complexity`: score JSON lines from standard input. Needs no database."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from routing.complexity.lines import answer_standard_input


class Command(BaseCommand):
    """Score queries; `manage.py` itself takes the shorter way past Django, to the same function."""

    help = 'Score queries: JSON lines {"text": …, "industry": …} in, {"score": …, "tier": …, "reasons": […]} out.'
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer standard input; exit with 1 when a line was bad."""
        if not answer_standard_input():
            sys.exit(1)
