"""The database's own refusal to change what was written; used by migrations alone.

Statement triggers: they speak up even when no row is hit, and TRUNCATE knows no others. ENABLE ALWAYS: they also fire
where `session_replication_role` switches ordinary triggers off. The functions stand in the schema of the tables and
look nothing up by an unqualified name.
"""

from __future__ import annotations

from django.db.migrations import RunSQL

REFUSE = """
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the audit chain is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$body$;
"""

GROW = """
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
BEGIN
    IF NEW.tenant <> OLD.tenant OR NEW.seq <= OLD.seq OR NEW.count < OLD.count THEN
        RAISE EXCEPTION 'the head of an audit chain only grows: % to % is refused', OLD.seq, NEW.seq
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$body$;
"""

TRIGGER = """
CREATE TRIGGER {table}_{name} BEFORE {events} ON {table} FOR EACH {level} EXECUTE FUNCTION {function}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name};
"""


def append_only(function: str, *tables: str) -> RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE on `tables`, for everyone including the owner."""
    statements = [REFUSE.format(function=function)]
    for table in tables:
        statements.append(_trigger(table, "append_only", "UPDATE OR DELETE OR TRUNCATE", "STATEMENT", function))
    undo = [f"DROP TRIGGER {table}_append_only ON {table};" for table in tables]
    return RunSQL("\n".join(statements), "\n".join([*undo, f"DROP FUNCTION {function}();"]))


def only_growing(function: str, refusing: str, table: str) -> RunSQL:
    """Let the head's row grow and refuse everything else; `refusing` is the function of `append_only`."""
    statements = [
        GROW.format(function=function),
        _trigger(table, "only_grows", "UPDATE", "ROW", function),
        _trigger(table, "is_kept", "DELETE OR TRUNCATE", "STATEMENT", refusing),
    ]
    undo = f"DROP TRIGGER {table}_only_grows ON {table}; DROP TRIGGER {table}_is_kept ON {table};"
    return RunSQL("\n".join(statements), f"{undo} DROP FUNCTION {function}();")


def _trigger(table: str, name: str, events: str, level: str, function: str) -> str:
    return TRIGGER.format(table=table, name=name, events=events, level=level, function=function)
