"""Pages of the audit chain."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from audit import pages, search, verification
from audit.access import log_reading
from audit.forms import WHEN, WHO, FilterForm, action_groups

PAGE = 50


@login_required
@permission_required("audit.view_entry", raise_exception=True)
@require_GET
def entry_list(request: HttpRequest) -> HttpResponse:
    """The chain, newest first; around the break when there is one and nothing was asked for."""
    actor: str = request.user.actor
    seen_at = log_reading(actor, "page")
    state = pages.verdict()
    form = FilterForm(request.GET)
    filters = form.filters(actor)
    context: dict[str, Any] = {"nav": "audit", "verdict": state, "seen_at": seen_at} | _may(request)
    if state.first_fault and filters.is_empty and not request.GET:
        return render(request, "audit/chain_broken.html", context | _around_break(state))
    rows = search.find_entries(filters, before=_number(request.GET.get("before")), limit=PAGE + 1)
    context |= {
        "form": form,
        "who": WHO,
        "when": WHEN,
        "action_groups": action_groups(),
        "is_filtered": not filters.is_empty,
        "entries": pages.shown(rows[:PAGE], state.faults),
        "older_url": _older(request, rows[PAGE - 1].seq) if len(rows) > PAGE else "",
        "is_newest": "before" not in request.GET,
    }
    return render(request, "audit/entry_list.html", context)


@login_required
@permission_required("audit.view_entry", raise_exception=True)
@require_GET
def entry_detail(request: HttpRequest, seq: int) -> HttpResponse:
    """One entry, opened, between its neighbours."""
    row = search.find_entry(seq)
    if row is None:
        raise Http404(f"There is no entry {seq}.")
    log_reading(request.user.actor, "page")
    state = pages.verdict()
    neighbours = pages.shown(pages.around(seq), state.faults)
    item = next(shown for shown in neighbours if shown.seq == seq)
    context = {
        "nav": "audit",
        "entries": neighbours,
        "open": pages.opened(row, item),
        "newer": seq + 1 if any(shown.seq == seq + 1 for shown in neighbours) else None,
        "older": seq - 1 if any(shown.seq == seq - 1 for shown in neighbours) else None,
    }
    return render(request, "audit/entry_detail.html", context)


@login_required
@permission_required("audit.verify_chain", raise_exception=True)
@require_POST
def chain_verify(request: HttpRequest) -> HttpResponse:
    """Start a full verification; it goes on without the page."""
    verification.request_run(actor=request.user.actor)
    if request.headers.get("HX-Request"):
        return _verdict(request)
    return redirect("audit:entry-list")


@login_required
@permission_required("audit.view_entry", raise_exception=True)
@require_GET
def chain_verdict(request: HttpRequest) -> HttpResponse:
    """The verdict alone, asked for while a verification runs."""
    return _verdict(request)


@login_required
@permission_required("audit.view_entry", raise_exception=True)
@require_GET
def run_report(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A verification as a document to keep outside."""
    run = verification.find_run(public_id)
    if run is None:
        raise Http404("There is no such verification.")
    name = f"audit-{run.created_at:%Y%m%d-%H%M%S}-{run.state}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JsonResponse(pages.report(run), json_dumps_params={"indent": 2}, headers=headers)


def _verdict(request: HttpRequest) -> HttpResponse:
    state = pages.verdict()
    response = render(request, "audit/_verdict.html", {"verdict": state} | _may(request))
    was_running = request.GET.get("running") == "1"
    if was_running and state.running is None:
        # What stands below the verdict changes with it.
        response["HX-Refresh"] = "true"
    return response


def _may(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    return {"may_verify": user.has_perm("audit.verify_chain")}


def _around_break(state: pages.Verdict) -> dict[str, Any]:
    fault = state.faults[0]
    rows = pages.around(fault.seq)
    broken = next((row for row in rows if row.seq == fault.seq), None)
    entries = pages.shown(rows, state.faults)
    item = next((shown for shown in entries if shown.seq == fault.seq), None)
    return {
        "fault": fault,
        "entries": entries,
        "open": pages.opened(broken, item) if broken is not None and item is not None else None,
        "looked_for": pages.looked_for(state.faults),
    }


def _older(request: HttpRequest, before: int) -> str:
    query = request.GET.copy()
    query["before"] = str(before)
    return f"?{query.urlencode()}"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None
