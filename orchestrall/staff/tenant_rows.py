"""Any one organization's rows in the admin: agents, tickets, conversations, decisions, usage, audit entries.

The switcher chooses the organization. Each page opens that tenant's context for as long as it is drawn, and leaves an
entry in that tenant's chain. Rows are read-only here; what staff may do are named actions that call the use cases.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin

from agents import workforce
from agents.chat.models import Conversation, Message
from agents.models import Agent
from agents.tickets.models import Ticket
from audit.models import Entry
from billing.models import UsageRecord
from orchestrall.staff.switcher import chosen, record_look
from routing.models import RoutingDecision
from tenants.context import platform_context, tenant_context
from tenants.exceptions import Refusal


class TenantRowsAdmin(ModelAdmin):
    """Rows of the organization that the switcher has chosen."""

    actions: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "admin/tenant_change_list.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return self._inside(request, super().changelist_view, extra_context=extra_context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        return self._inside(request, super().change_view, object_id, form_url, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The history of a tenant's row is its audit chain."""
        return redirect("admin:audit_entry_changelist")

    def _inside(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        organization = chosen(request)
        if organization is None:
            messages.info(request, "Choose the organization to look into first.")
            return redirect("admin:tenant-switch")
        with platform_context():
            ContentType.objects.get_for_model(self.model)  # remembered, so that the tenant's role need not read it
        record_look(request, organization, str(self.opts.verbose_name_plural))
        with tenant_context(organization):
            response = view(request, *args, **kwargs)
            if hasattr(response, "render"):
                response.render()  # rows are read while the page is drawn: that must happen in here
        return response


@admin.register(Agent)
class AgentAdmin(TenantRowsAdmin):
    list_display = ("name", "slug", "level", "role", "manager", "status", "updated_at")
    list_filter = ("status", "level", "industry")
    list_select_related = ("role", "manager")
    search_fields = ("name", "slug", "description")
    actions = ("pause", "resume")

    def has_pause_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.action(description="Pause", permissions=["pause"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        self._each(request, queryset, workforce.pause_agent)

    @admin.action(description="Put back on duty", permissions=["pause"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        self._each(request, queryset, workforce.resume_agent)

    def _each(self, request: HttpRequest, queryset: QuerySet[Agent], act: Callable[..., Any]) -> None:
        user: Any = request.user
        for agent in queryset:
            try:
                act(agent, actor=user.actor)
            except Refusal as refusal:
                messages.error(request, refusal.detail)


@admin.register(Ticket)
class TicketAdmin(TenantRowsAdmin):
    list_display = ("number", "title", "kind", "priority", "state", "assigned_agent", "opened_at", "updated_at")
    list_filter = ("kind", "state", "priority")
    list_select_related = ("assigned_agent",)
    search_fields = ("number", "title")


@admin.register(Conversation)
class ConversationAdmin(TenantRowsAdmin):
    list_display = ("title", "agent", "channel", "source", "state", "updated_at")
    list_filter = ("channel", "source", "state")
    list_select_related = ("agent",)
    search_fields = ("title", "=public_id")


@admin.register(Message)
class MessageAdmin(TenantRowsAdmin):
    list_display = ("created_at", "conversation", "role", "agent", "state", "model", "tier", "cost")
    list_filter = ("role", "state", "tier")
    list_select_related = ("agent", "conversation")
    search_fields = ("text", "=turn__query_id")
    ordering = ("-id",)


@admin.register(RoutingDecision)
class RoutingDecisionAdmin(TenantRowsAdmin):
    list_display = ("at", "requested", "score", "threshold", "tier", "model", "outcome", "cost", "baseline_cost")
    list_filter = ("tier", "outcome", "industry")
    search_fields = ("model", "agent_slug", "=query_id")


@admin.register(UsageRecord)
class UsageRecordAdmin(TenantRowsAdmin):
    list_display = ("opened_at", "kind", "provider", "model", "tier", "agent_slug", "outcome", "cost", "baseline_cost")
    list_filter = ("kind", "tier", "outcome")
    search_fields = ("model", "agent_slug", "=query_id")


@admin.register(Entry)
class EntryAdmin(TenantRowsAdmin):
    list_display = ("seq", "at", "actor", "action", "target")
    search_fields = ("action", "target", "actor")
    ordering = ("-seq",)
    exclude = ("canonical",)
