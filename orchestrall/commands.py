"""Django's commands, with the embedded servers behind them: running ones are used, else they run for the command."""

import os
import signal
import sys
import warnings
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from orchestrall import embedded
from tenants.context import platform_context

NEED_NO_SERVERS = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "demo_provider",
        "diffsettings",
        "findstatic",
        "help",
        "makemessages",
        "makemigrations",
        "promises",
        "score_complexity",
        "spectacular",
        "startapp",
        "train_complexity",
        "version",
    }
)


def servers_for(arguments: list[str]) -> AbstractContextManager[object]:
    """Return the servers that the command needs, as a context."""
    command = arguments[0] if arguments else "help"
    if command in NEED_NO_SERVERS or command.startswith("-") or "--help" in arguments or "-h" in arguments:
        return nullcontext()
    if settings.EMBEDDED_SERVERS["postgres"]:
        # `dbshell`, and whatever calls pg_dump, finds the programs of the server that runs.
        os.environ["PATH"] = f"{embedded.postgres_bin()}{os.pathsep}{os.environ.get('PATH', '')}"
    return embedded.ensure_running(settings.VAR_DIR, **settings.EMBEDDED_SERVERS)


def main() -> None:
    """Run the command inside the platform's context."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings")
    # A terminated command leaves through the `with` blocks, so that no server stays behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # `makemigrations` would like to compare with a database, and does not need one.
    warnings.filterwarnings("ignore", "Got an error checking a consistent migration history", RuntimeWarning)
    try:
        with servers_for(sys.argv[1:]), platform_context():
            execute_from_command_line(sys.argv)
    except (embedded.EmbeddedError, ImproperlyConfigured) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
