"""Usage of all organizations in the Django admin, to look at and not to touch."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from billing.platform.models import PlatformUsageDaily


@admin.register(PlatformUsageDaily)
class PlatformUsageDailyAdmin(ModelAdmin):
    """One line for each organization, day, kind and model; the organizations' own rollups bring them."""

    list_display = (
        "organization",
        "day",
        "kind",
        "model",
        "queries",
        "records",
        "failures",
        "cost",
        "baseline_cost",
        "input_tokens",
        "output_tokens",
    )
    list_filter = ("kind", "tier", "provider", "model", "organization")
    list_select_related = ("organization",)
    search_fields = ("organization__name", "organization__slug", "model")
    date_hierarchy = "day"
    ordering = ("-day", "organization__name", "model")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PlatformUsageDaily | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PlatformUsageDaily | None = None) -> bool:
        return False
