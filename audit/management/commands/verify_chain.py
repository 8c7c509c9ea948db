from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import scope
from audit.verification import check_now, faults_of


class Command(BaseCommand):
    """Verify the audit chain of an organization, or the platform's own.

    Prints `whole: N entries` and exits with 0, or one line `entry SEQ: KIND: words` per fault and exits with 1.
    """

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("slug", nargs="?", help="the organization's slug")
        which.add_argument("--platform", action="store_true", help="the platform's own chain")
        parser.add_argument("--incremental", action="store_true", help="only what was added since the last check")

    def handle(self, *args: Any, **options: Any) -> None:
        chain = scope.platform_scope() if options["platform"] else scope.find_scope(options["slug"])
        if chain is None:
            raise CommandError(f"There is no organization with the slug {options['slug']!r}.", returncode=2)
        run = check_now(chain, actor="system:command", full=not options["incremental"])
        if run.is_whole:
            up_to = run.first_seq + run.checked - 1
            self.stdout.write(f"whole: {up_to} entries")
            return
        for fault in faults_of(run):
            self.stdout.write(str(fault))
        sys.exit(1)
