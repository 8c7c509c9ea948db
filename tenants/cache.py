"""Cache keys. The default alias belongs to the tenant; the `public` alias holds what is shared."""

from __future__ import annotations

from tenants.context import scope_id


def tenant_key_function(key: str, key_prefix: str, version: int) -> str:
    """Build the stored key. Raises NoTenantContext outside any context, so nothing lands in a common space."""
    return f"{key_prefix}t:{scope_id()}:{version}:{key}"
