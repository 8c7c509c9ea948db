"""Pages of the desk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from agents.models import Agent
from agents.tickets import desk, queries
from agents.tickets.forms import TicketEditForm, TicketForm
from agents.tickets.listing import SORTS, VIEWS, Filters, board_of, page_of, tickets_of
from agents.tickets.models import Ticket
from agents.tickets.priorities import WORDS
from agents.tickets.states import KIND_LABELS
from agents.tickets.timeline import timeline
from tenants import members
from tenants.decorators import permission_required_here
from tenants.exceptions import NotFound, Refusal
from tenants.forms import add_refusal

KIND_ICONS = {"incident": "flame", "service_request": "inbox", "problem": "bug", "change": "replace"}


def _rows(tickets: list[Ticket]) -> list[dict[str, Any]]:
    assignees = queries.assignee_names(tickets)
    return [{"ticket": t, "assignee": assignees[t.pk], "icon": KIND_ICONS[t.kind]} for t in tickets]


def _frame(request: HttpRequest, **context: Any) -> dict[str, Any]:
    return {
        "nav": "tickets",
        "may_open": request.user.has_perm("tickets.add_ticket"),
        "may_change": request.user.has_perm("tickets.change_ticket"),
        "kinds": KIND_LABELS,
        **context,
    }


@permission_required_here("tickets.view_ticket")
def ticket_list(request: HttpRequest) -> HttpResponse:
    filters = Filters.read(request.GET)
    found, cursor = page_of(filters, tickets_of(filters, request.user.public_id))
    query = request.GET.copy()
    query["before"] = cursor
    context = _frame(
        request,
        rows=_rows(found),
        filters=filters,
        older_url=f"?{query.urlencode()}" if cursor else "",
        newer_url=request.path + "?" + _without(request, "before") if filters.before else "",
        views=VIEWS,
        sorts=SORTS,
        priorities=WORDS,
        agents=list(Agent.objects.employed().order_by("name").values_list("slug", "name")),
        open_count=queries.open_count(),
    )
    fragment = request.headers.get("HX-Target") == "ticket-rows"
    return render(request, "tickets/_ticket_rows.html" if fragment else "tickets/ticket_list.html", context)


def _without(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    query.pop(name, None)
    return query.urlencode()


@permission_required_here("tickets.view_ticket")
def ticket_board(request: HttpRequest) -> HttpResponse:
    kind = request.GET.get("kind", "incident")
    if kind not in KIND_LABELS:
        raise Http404
    columns = [
        {"column": column, "rows": _rows(column.tickets)} for column in board_of(kind, queries.counts_by_state(kind))
    ]
    context = _frame(request, columns=columns, kind=kind, open_count=queries.open_count())
    fragment = request.headers.get("HX-Target") == "ticket-board"
    return render(request, "tickets/_ticket_board.html" if fragment else "tickets/ticket_board.html", context)


@permission_required_here("tickets.add_ticket")
@require_http_methods(["GET", "POST"])
def ticket_new(request: HttpRequest) -> HttpResponse:
    form = TicketForm(request.POST or None)
    if form.is_valid():
        try:
            ticket = desk.open_ticket(desk.NewTicket(**form.cleaned_data), actor=request.user.actor)
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, f"{ticket.number} is open, priority {ticket.priority}.")
            return redirect(ticket)
    status = 422 if request.method == "POST" else 200
    return render(request, "tickets/ticket_new.html", _frame(request, form=form), status=status)


def _find(number: str) -> Ticket:
    try:
        return desk.find(number)
    except NotFound as refusal:
        raise Http404(refusal.detail) from None


@permission_required_here("tickets.view_ticket")
def ticket_detail(request: HttpRequest, number: str) -> HttpResponse:
    ticket = _find(number)
    if request.headers.get("HX-Target") == "ticket-timeline":
        return render(request, "tickets/_timeline.html", {"lines": timeline(ticket)})
    return _detail(request, ticket)


def _detail(
    request: HttpRequest, ticket: Ticket, form: TicketEditForm | None = None, status: int = 200
) -> HttpResponse:
    names = queries.names_of([ticket.requester, ticket.opened_by])
    may_change = request.user.has_perm("tickets.change_ticket")
    initial = {name: getattr(ticket, name) for name in ("title", "description", "impact", "urgency")}
    context = _frame(
        request,
        ticket=ticket,
        kind_label=KIND_LABELS[ticket.kind],
        lines=timeline(ticket),
        assignee=queries.assignee_names([ticket])[ticket.pk],
        requester=names[ticket.requester],
        form=form or TicketEditForm(initial=initial),
        editing=form is not None,
        agents=list(Agent.objects.on_duty().order_by("name")) if may_change else [],
        people=[m.user for m in members.list_members()] if may_change else [],
        audit_target=f"tickets.ticket:{ticket.public_id}",
    )
    return render(request, "tickets/ticket_detail.html", context, status=status)


@permission_required_here("tickets.change_ticket")
@require_POST
def ticket_edit(request: HttpRequest, number: str) -> HttpResponse:
    ticket = _find(number)
    form = TicketEditForm(request.POST)
    if form.is_valid():
        try:
            desk.update_ticket(ticket, form.cleaned_data, actor=request.user.actor)
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            return redirect(ticket)
    return _detail(request, ticket, form, status=422)


@permission_required_here("tickets.change_ticket")
@require_POST
def ticket_comment(request: HttpRequest, number: str) -> HttpResponse:
    ticket = _find(number)
    try:
        internal = request.POST.get("is_internal") == "on"
        desk.comment(ticket, request.POST.get("text", ""), actor=request.user.actor, is_internal=internal)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    return redirect(ticket)


@permission_required_here("tickets.change_ticket")
@require_POST
def ticket_assign(request: HttpRequest, number: str) -> HttpResponse:
    ticket = _find(number)
    kind, _, value = request.POST.get("assignee", "").partition(":")
    try:
        agent = Agent.objects.filter(slug=value).first() if kind == "agent" else None
        person = UUID(value) if kind == "person" else None
        desk.assign(ticket, agent=agent, person=person, actor=request.user.actor)
    except (Refusal, ValueError) as error:
        messages.error(request, error.detail if isinstance(error, Refusal) else "Choose an agent or a member.")
    return redirect(ticket)


@permission_required_here("tickets.change_ticket")
@require_POST
def ticket_transition(request: HttpRequest, number: str) -> HttpResponse:
    """A step by form; the board sends `to` instead of a step and reads JSON."""
    ticket = _find(number)
    target = request.POST.get("to", "")
    step = ticket.cycle.to(ticket.state, target) if target else None
    name = step.name if step else request.POST.get("transition", "") or target
    try:
        desk.transition(ticket, name, note=request.POST.get("note", ""), actor=request.user.actor)
    except Refusal as refusal:
        if target:
            return JsonResponse({"detail": refusal.detail}, status=refusal.status)
        messages.error(request, refusal.detail)
    if target:
        return JsonResponse({"detail": ""})
    return redirect(ticket)
