"""PostgreSQL backend whose schema and role follow the current database context.

A small subclass of django-tenants' backend. The library keeps the current tenant on a per-thread connection object,
where any hop (await, pool, callback) loses or swaps it, and every default falls back to `public`. Here the only truth
is the context variable in `tenants.scope`: each cursor reads it and, when the session is somewhere else, sets the
search path and the role in one statement and checks where it arrived. Without a context there is no cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, transaction
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper
from django_tenants.postgresql_backend.base import original_backend

from tenants import scope
from tenants.exceptions import WrongSchema

MOVE = "SELECT set_config('role', %s, false), set_config('search_path', %s, false); SELECT current_schema()"


class DatabaseWrapper(TenantsWrapper):
    """See the module's docstring; adds `before_commit` to what Django's connection offers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._is_ready = False
        self._before_commit: list[tuple[set[str], Callable[[], None]]] = []
        super().__init__(*args, **kwargs)
        self._is_ready = True

    # The library's way of choosing a schema, kept working and turned into the context variable.

    @property
    def schema_name(self) -> str | None:
        current = scope.current()
        return current.schema_name if current else None

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        """Ignored: the context variable decides. The library's constructor assigns here."""

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        self.tenant = tenant
        if self._is_ready:
            scope.enter_schema(tenant.schema_name)

    def close(self) -> None:
        self._before_commit = []
        super().close()

    def rollback(self) -> None:
        self._before_commit = []
        super().rollback()
        self._forget_position()

    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            self._forget_position()
            self._before_commit = [(sids, fn) for sids, fn in self._before_commit if sid not in sids]

    def _forget_position(self) -> None:
        """A rolled-back transaction takes its SETs with it."""
        if self.connection is not None:
            self.connection._orchestrall_position = None

    def _cursor(self, name: str | None = None) -> Any:
        cursor = original_backend.DatabaseWrapper._cursor(self, name)
        self._go_to_scope()
        return cursor

    def _go_to_scope(self) -> None:
        target = scope.require()
        raw = self.connection
        if getattr(raw, "_orchestrall_position", None) == target:
            return
        with self.wrap_database_errors, raw.cursor() as cursor:
            cursor.execute(MOVE, (target.role, target.search_path))
            cursor.nextset()
            (arrived,) = cursor.fetchone()
        if arrived != target.schema_name:
            # A search path that names a schema which is not there is accepted by PostgreSQL, and `public` answers.
            raise WrongSchema(target.schema_name, arrived)
        raw._orchestrall_position = target

    # What has to be the last statement of a transaction.

    def before_commit(self, fn: Callable[[], None]) -> None:
        """Call `fn` inside the open transaction, just before its COMMIT.

        Dropped when the savepoint or transaction it was registered in is rolled back; an error in `fn` rolls the
        whole transaction back and is raised. Raises TransactionManagementError outside a transaction.
        """
        if not self.in_atomic_block:
            raise transaction.TransactionManagementError("before_commit() needs an open transaction.")
        self._before_commit.append((set(self.savepoint_ids), fn))

    def run_before_commit(self) -> None:
        """Run and forget what `before_commit` collected, including what the callbacks themselves add."""
        while self._before_commit:
            pending, self._before_commit = self._before_commit, []
            for _, fn in pending:
                fn()

    def commit(self) -> None:
        if self._before_commit:
            self.in_atomic_block = True
            try:
                self.run_before_commit()
                if self.needs_rollback:
                    raise DatabaseError("A statement before the commit failed.")
            except BaseException:
                self.in_atomic_block = False
                self.rollback()
                raise
            self.in_atomic_block = False
        super().commit()
