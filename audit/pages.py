"""What the audit pages show, computed for templates that only draw it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from audit import actions, search
from audit.entry import NotCanonical, entry_hash
from audit.faults import KINDS, Fault
from audit.names import names_of
from audit.platform.models import Head, Mark, VerificationRun
from audit.scope import current_scope, enter_platform
from audit.verification import faults_of, latest_run, latest_verdict

STRIP_START, STRIP_WIDTH = 8, 884
MARKS_SHOWN = 10
AROUND = 2


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """One link of the chain in a list."""

    seq: int
    at: datetime
    actor: str
    name: str
    words: str
    action: str
    icon: str
    hash: str
    prev: str
    fault: Fault | None = None

    @property
    def short_hash(self) -> str:
        return f"{self.hash[:4]}…{self.hash[-4:]}"

    @property
    def short_prev(self) -> str:
        return f"{self.prev[:4]}…{self.prev[-4:]}" if self.prev.strip("0") else "the beginning"


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """One entry opened: its canonical bytes, its hashes, its payload."""

    shown: ShownEntry
    target: str
    canonical: SafeString
    computed: str
    payload: list[tuple[str, str]]
    is_erased: bool
    follower_fits: bool | None

    @property
    def fits(self) -> bool:
        return self.computed == self.shown.hash


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the strip that shows the chain from end to end."""

    x: int
    is_behind_break: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the chain's state."""

    head: int
    run: VerificationRun | None
    running: VerificationRun | None
    failed: VerificationRun | None
    faults: list[Fault] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    first_at: datetime | None = None
    fault_at: datetime | None = None

    @property
    def first_fault(self) -> Fault | None:
        return self.faults[0] if self.faults else None

    @property
    def break_x(self) -> int:
        return place(self.faults[0].seq, self.head) if self.faults else STRIP_START + STRIP_WIDTH

    @property
    def break_mark_x(self) -> int:
        return self.break_x - 7

    @property
    def proven(self) -> int:
        return self.faults[0].seq - 1 if self.faults else 0

    @property
    def hanging(self) -> int:
        return max(self.head - self.faults[0].seq, 0) if self.faults else 0

    @property
    def milliseconds(self) -> float | None:
        duration = self.run.duration if self.run else None
        return 1000 * duration.total_seconds() if duration is not None else None

    @property
    def up_to(self) -> int:
        return self.run.first_seq + self.run.checked - 1 if self.run else 0

    @property
    def not_checked(self) -> int:
        return max(self.head - self.up_to, 0)

    @property
    def running_total(self) -> int:
        return max(self.running.total, 1) if self.running else 1


def place(seq: int, head: int) -> int:
    """Return where an entry stands on the strip."""
    share = (seq - 1) / (head - 1) if head > 1 else 1
    return STRIP_START + round(STRIP_WIDTH * min(max(share, 0), 1))


def verdict() -> Verdict:
    """Gather the chain's state: its head, the last verdict, and a run that is under way."""
    scope, run, newest = current_scope(), latest_verdict(), latest_run()
    with enter_platform():
        head = Head.objects.filter(tenant=scope.tenant).values_list("seq", flat=True).first() or 0
        marks = list(Mark.objects.filter(tenant=scope.tenant, seq__lte=head).values_list("seq", flat=True))
    faults = faults_of(run) if run else []
    first = faults[0].seq if faults else head + 1
    firsts = {entry.seq: entry.at for entry in search.entries().filter(seq__in=[1, first])}
    return Verdict(
        head=head,
        run=run,
        running=newest if newest and newest.is_running else None,
        failed=newest if newest and newest.state == "failed" else None,
        faults=faults,
        spots=[Spot(place(seq, head), seq >= first) for seq in spread(sorted(marks), MARKS_SHOWN)],
        first_at=firsts.get(1),
        fault_at=firsts.get(first) if faults else None,
    )


def spread(numbers: list[int], most: int) -> list[int]:
    """Return at most `most` of the sorted numbers, as far apart as possible, the last among them."""
    if len(numbers) <= most:
        return numbers
    return [numbers[(index + 1) * len(numbers) // most - 1] for index in range(most)]


def shown(rows: list[Any], faults: list[Fault] | None = None) -> list[ShownEntry]:
    """Turn stored entries into what a list shows: names, words, icons."""
    names = names_of(row.actor for row in rows)
    payloads = search.payloads([row.seq for row in rows])
    wrong = {fault.seq: fault for fault in reversed(faults or [])}
    return [
        ShownEntry(
            seq=row.seq,
            at=row.at,
            actor=row.actor,
            name=names.get(row.actor, row.actor),
            words=actions.describe(row.action, _payload(payloads.get(row.seq))),
            action=row.action,
            icon=actions.icon_of(row.action) or "link",
            hash=row.hash_hex,
            prev=row.prev_hex,
            fault=wrong.get(row.seq),
        )
        for row in rows
    ]


def _payload(row: Any) -> dict[str, Any] | None:
    try:
        value = row.value if row is not None else None
    except NotCanonical:
        return None
    return value if isinstance(value, dict) else None


def around(seq: int) -> list[Any]:
    """Return the entry and its neighbours, newest first."""
    return list(search.entries().filter(seq__gte=seq - AROUND, seq__lte=seq + AROUND).order_by("-seq"))


def opened(row: Any, item: ShownEntry) -> OpenEntry:
    """Open one entry."""
    payload = search.payloads([row.seq]).get(row.seq)
    follower = search.find_entry(row.seq + 1)
    value = _payload(payload)
    return OpenEntry(
        shown=item,
        target=row.target,
        canonical=coloured(row.canonical_text),
        computed=entry_hash(bytes(row.canonical)).hex(),
        payload=[(key, _spelled(content)) for key, content in (value or {}).items()],
        is_erased=payload is not None and payload.is_erased,
        follower_fits=None if follower is None else follower.prev_hex == row.hash_hex,
    )


def _spelled(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_spelled(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_spelled(item)}" for key, item in value.items()) or "none"
    return {None: "none", True: "yes", False: "no"}.get(value, str(value)) if not isinstance(value, str) else value


_PAIR = re.compile(r'("(?:[^"\\]|\\.)*")(:)("(?:[^"\\]|\\.)*"|[^,}]*)(,?)')


def coloured(text: str) -> SafeString:
    """Canonical JSON, a field a line, keys and strings marked. Nothing but line breaks is added."""
    parts, end = [], 0
    for match in _PAIR.finditer(text):
        parts.append(format_html("{}", text[end : match.start()]))
        key, colon, value, comma = match.groups()
        css = "s" if value.startswith('"') else ""
        shown_value = format_html('<span class="{}">{}</span>', css, value) if css else format_html("{}", value)
        parts.append(format_html('<span class="k">{}</span>{}{}{}', key, colon, shown_value, comma))
        parts.append(mark_safe("\n") if comma else mark_safe(""))
        end = match.end()
    parts.append(format_html("{}", text[end:]))
    return mark_safe("".join(parts))  # noqa: S308 - each part is escaped


@dataclass(frozen=True, slots=True)
class LookedFor:
    """A kind of tampering and how often it was found."""

    title: str
    words: str
    found: int


def looked_for(faults: list[Fault]) -> list[LookedFor]:
    return [
        LookedFor(title, words, sum(fault.kind == kind for fault in faults)) for kind, (title, words) in KINDS.items()
    ]


def report(run: VerificationRun) -> dict[str, Any]:
    """A run as a document to keep: its facts, and for each fault the row as it stands now."""
    evidence = []
    for fault in faults_of(run):
        rows = search.entries().filter(seq=fault.seq)
        evidence.append(
            {
                "seq": fault.seq,
                "kind": fault.kind,
                "words": fault.words,
                "stored": [
                    {
                        "canonical": row.canonical_text,
                        "hash": row.hash_hex,
                        "computed": entry_hash(bytes(row.canonical)).hex(),
                    }
                    for row in rows
                ],
            }
        )
    return {
        "tenant": str(run.tenant),
        "run": str(run.public_id),
        "result": run.state,
        "full": run.full,
        "first_seq": run.first_seq,
        "checked": run.checked,
        "total": run.total,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "faults": evidence,
    }
