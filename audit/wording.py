"""The words of this app's own entries."""

from __future__ import annotations

from audit.actions import register as register_action

WORDING = {
    "audit.log.viewed": ("read the audit log", "eye"),
    "audit.chain.verified": ("checked {checked} entries: {result}, {seconds} s", "shield-check"),
    "audit.chain.broken": ("found entry {seq} {kind}", "link-off"),
}


def register() -> None:
    for action, (words, icon) in WORDING.items():
        register_action(action, words, icon=icon)
