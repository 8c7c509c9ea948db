"""Session store: Django's cached database store, opened in the platform's context.

Sessions of all tenants stand in `public`, which a tenant's role cannot read; so the store steps out for its own
queries, wherever it is called.
"""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore

from tenants.context import platform_context


class SessionStore(CachedStore):
    cache_key_prefix = "session:"

    def _validate_session_key(self, key: str | None) -> bool:
        # A cookie can spell any character, also those that PostgreSQL refuses to look for.
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()

    def load(self) -> dict[str, Any]:
        with platform_context():
            return super().load()

    def exists(self, session_key: str) -> bool:
        with platform_context():
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        with platform_context():
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        with platform_context():
            super().delete(session_key)

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)

    @classmethod
    def clear_expired(cls) -> None:
        with platform_context():
            super().clear_expired()
