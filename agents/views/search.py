"""The search page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents.search import search as search_for
from tenants.decorators import permission_required_here


@require_GET
@permission_required_here("agents.view_agent")
def search(request: HttpRequest) -> HttpResponse:
    """Show what fits the words: agents, and tickets for those who may see them."""
    found = search_for(request.GET.get("q", ""), tickets=request.user.has_perm("tickets.view_ticket"))
    return render(request, "agents/search.html", {"found": found})
