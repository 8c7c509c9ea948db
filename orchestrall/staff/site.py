"""The admin site of the platform's host."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path

from orchestrall.staff import overview, switcher
from tenants.context import platform_context


def install(site: AdminSite) -> None:
    """Teach the site its extra pages, and to draw its frame on the platform wherever a page looks into a tenant.

    Unfold makes the site itself, in its own `ready()`; so this extends the instance that is there.
    """
    base_context, base_urls = site.each_context, site.get_urls

    def each_context(request: HttpRequest) -> dict[str, Any]:
        with platform_context():
            context: dict[str, Any] = base_context(request)
            return {**context, "tenant_looked_at": switcher.chosen(request)}

    def get_urls() -> list[URLPattern | URLResolver]:
        own = [
            path("organization/", site.admin_view(switcher.switch), name="tenant-switch"),
            path("organization/<uuid:id>/delete/", site.admin_view(switcher.delete), name="organization-delete"),
        ]
        return [*own, *base_urls()]

    site.each_context = each_context
    site.get_urls = get_urls
    site.index_template = "admin/platform_index.html"
    overview.install(site)
