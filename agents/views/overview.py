"""The first page of an organization."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents.overview import look, periods
from tenants.decorators import permission_required_here


@require_GET
@permission_required_here("agents.view_agent")
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is going on; htmx asks for the live parts alone."""
    context = {
        "nav": "overview",
        "overview": look(request.GET.get("period", "today")),
        "periods": periods().values(),
    }
    template = "agents/_overview.html" if request.headers.get("HX-Request") else "agents/overview.html"
    return render(request, template, context)
