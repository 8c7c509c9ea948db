"""Pages that belong to no app: the landing page of the platform."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def landing(request: HttpRequest) -> HttpResponse:
    """Show what the product is to whoever comes to the platform's address."""
    return render(request, "landing.html")
