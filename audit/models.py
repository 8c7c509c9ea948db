"""The chain of one tenant, in its own schema."""

from __future__ import annotations

from audit.stored import StoredEntry, StoredPayload


class Entry(StoredEntry):
    """An entry of the tenant's chain."""

    class Meta(StoredEntry.Meta):
        default_permissions = ("view",)
        permissions = [("verify_chain", "Can verify the audit chain")]


class Payload(StoredPayload):
    """The payload of an entry of the tenant's chain."""

    class Meta(StoredPayload.Meta):
        default_permissions = ()
