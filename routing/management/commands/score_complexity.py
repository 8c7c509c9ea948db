"""`manage.py score_complexity`: score JSON lines from standard input. Needs no database."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from routing.complexity.lines import as_bytes, score_lines


class Command(BaseCommand):
    """Score queries: a JSON object `{"text", "industry"}` a line in, `{"score", "tier", "reasons"}` a line out."""

    help = 'Score queries: JSON lines {"text": …, "industry": …} in, {"score": …, "tier": …, "reasons": […]} out.'
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer each line as it comes; exit with 1 at the end when a line was bad."""
        all_scored = True
        try:
            for answer, is_score in score_lines(sys.stdin.buffer):
                all_scored = all_scored and is_score
                sys.stdout.buffer.write(as_bytes(answer))
                sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader has left, as `head` does; without this Python would complain once more on exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        if not all_scored:
            sys.exit(1)
