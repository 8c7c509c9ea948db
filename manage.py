#!/usr/bin/env python
"""The entrance to all commands. Those that need no Django start without it, and so at once."""

import runpy
import sys

WITHOUT_DJANGO = {
    "demo_provider": "routing.providers.demo",
    "score_complexity": "routing.complexity",
}


def main() -> None:
    """Run the command that the arguments name, in this process."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    module = WITHOUT_DJANGO.get(command)
    if module is None:
        runpy.run_module("orchestrall.commands", run_name="__main__")
        return
    sys.argv = [f"manage.py {command}", *sys.argv[2:]]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
