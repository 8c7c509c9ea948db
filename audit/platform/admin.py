"""The platform's own chain and the health of all chains, in the Django admin. Nothing here can be changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from audit import search
from audit.access import log_reading
from audit.actions import describe
from audit.names import chain_names, names_of
from audit.platform.models import Head, Mark, PlatformEntry, VerificationRun
from audit.verification import faults_of, request_run

STATE_COLORS: dict[str, str | None] = {
    "whole": "success",
    "broken": "danger",
    "failed": "warning",
    "running": "info",
    "waiting": "info",
    "none": None,
}


class ReadOnly(ModelAdmin):
    """What staff may look at and not touch."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PlatformEntry)
class PlatformEntryAdmin(ReadOnly):
    """The platform's chain. Opening it is itself logged there."""

    list_display = ("seq", "at", "who", "what", "target")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("action", "actor", "target")
    search_help_text = "Words of an action, an actor or a target"
    ordering = ("-seq",)
    fields = (
        "seq",
        "at",
        "who",
        "what",
        "action",
        "actor",
        "target",
        "payload",
        "hash_hex",
        "prev_hex",
        "canonical_text",
    )
    readonly_fields = fields

    @display(description="who")
    def who(self, entry: PlatformEntry) -> str:
        return names_of([entry.actor])[entry.actor]

    @display(description="what")
    def what(self, entry: PlatformEntry) -> str:
        return describe(entry.action, self._payload(entry))

    @display(description="details")
    def payload(self, entry: PlatformEntry) -> str:
        return "\n".join(f"{key}: {value}" for key, value in (self._payload(entry) or {}).items()) or "–"

    def _payload(self, entry: PlatformEntry) -> dict[str, Any] | None:
        row = search.payloads([entry.seq]).get(entry.seq)
        value: dict[str, Any] | None = row.value if row is not None else None
        return value

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        log_reading(request.user.actor, "admin")
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        log_reading(request.user.actor, "admin")
        response: HttpResponse = super().change_view(request, object_id, *args, **kwargs)
        return response


@admin.register(Head)
class HeadAdmin(ReadOnly):
    """Health of every chain, from what stands in the shared schema alone: no tenant is entered."""

    list_display = ("chain", "seq", "verdict", "proven", "checked_at", "updated_at")
    list_per_page = 50
    ordering = ("-updated_at",)
    actions = ("verify",)
    fields = ("chain", "tenant", "seq", "hash_text", "verdict", "proven", "checked_at", "faults", "updated_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Head]:
        runs = VerificationRun.objects.filter(tenant=OuterRef("tenant")).order_by("-id")
        verdicts = runs.filter(state__in=["whole", "broken"])
        marks = Mark.objects.filter(tenant=OuterRef("tenant")).order_by().values("tenant").annotate(top=Max("seq"))
        found: QuerySet[Head] = (
            super()
            .get_queryset(request)
            .annotate(
                last_state=Subquery(runs.values("state")[:1]),
                last_verdict=Subquery(verdicts.values("state")[:1]),
                last_checked=Subquery(verdicts.values("finished_at")[:1]),
                last_mark=Subquery(marks.values("top")[:1]),
            )
        )
        return found

    def has_verify_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("audit_platform.view_head"))

    @display(description="chain")
    def chain(self, head: Head) -> str:
        return chain_names([head.tenant])[head.tenant]

    @display(description="verdict", label=STATE_COLORS)
    def verdict(self, head: Any) -> tuple[str, str]:
        state = head.last_state if head.last_state in {"waiting", "running"} else head.last_verdict
        return (state, VerificationRun.State(state).label) if state else ("none", "Not verified yet")

    @display(description="proven up to", ordering="last_mark")
    def proven(self, head: Any) -> str:
        return f"{head.last_mark:,} of {head.seq:,}" if head.last_mark else f"nothing of {head.seq:,}"

    @display(description="checked", ordering="last_checked")
    def checked_at(self, head: Any) -> Any:
        return head.last_checked

    @display(description="hash")
    def hash_text(self, head: Head) -> str:
        return bytes(head.hash).hex()

    @display(description="faults")
    def faults(self, head: Head) -> str:
        run = VerificationRun.objects.filter(tenant=head.tenant, state__in=["whole", "broken"]).first()
        return "\n".join(str(fault) for fault in faults_of(run)) if run and run.faults else "none"

    @action(description="Verify in full", permissions=["verify"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Head]) -> None:
        for head in queryset:
            request_run(actor=request.user.actor, tenant=head.tenant)
        messages.success(request, f"{len(queryset)} verifications are queued.")


@admin.register(VerificationRun)
class VerificationRunAdmin(ReadOnly):
    """What was checked when, and what was found."""

    list_display = ("chain", "shown_state", "full", "checked", "total", "actor", "created_at", "finished_at")
    list_filter = ("state", "full")
    list_per_page = 50
    show_full_result_count = False
    fields = (
        "chain", "public_id", "shown_state", "full", "first_seq", "checked", "total", "found", "words", "actor",
        "created_at", "started_at", "finished_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description="chain")
    def chain(self, run: VerificationRun) -> str:
        return chain_names([run.tenant])[run.tenant]

    @display(description="state", label=STATE_COLORS)
    def shown_state(self, run: VerificationRun) -> tuple[str, str]:
        return run.state, VerificationRun.State(run.state).label

    @display(description="faults")
    def found(self, run: VerificationRun) -> str:
        return "\n".join(str(fault) for fault in faults_of(run)) or "none"
