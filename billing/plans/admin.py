"""Plans, subscriptions and agreed quotas in the Django admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from audit.chain import record
from billing.plans import subscriptions
from billing.plans.models import Plan, QuotaOverride, Subscription
from tenants.context import tenant_context
from tenants.exceptions import Refusal


@admin.register(Plan)
class PlanAdmin(ModelAdmin):
    """Figures and prices. A change reaches every organization on the plan within seconds."""

    list_display = (
        "name",
        "price_per_month",
        "price_per_year",
        "agents",
        "tickets_per_month",
        "requests_per_minute",
        "spend_per_month",
        "is_offered",
    )
    search_fields = ("name", "slug")
    list_filter = ("is_offered",)

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Plan, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        _record_edit(request, obj, form.changed_data if change else ["all"])

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        return False  # a plan that is no longer offered stays what it was for those who are on it


def _record_edit(request: HttpRequest, plan: Plan, fields: list[str]) -> None:
    actor: Any = request.user
    record(
        action="billing.plan.edited",
        target=f"plans.plan:{plan.public_id}",
        actor=actor.actor,
        payload={"plan": plan.name, "fields": ", ".join(fields)},
    )


class SubscriptionForm(forms.ModelForm):
    class Meta:
        model = Subscription
        fields = ("plan",)

    def clean_plan(self) -> Plan:
        plan: Plan = self.cleaned_data["plan"]
        with tenant_context(self.instance.organization):
            reasons = subscriptions.too_small_for(plan) if plan.pk != self.instance.plan_id else []
        if reasons:
            raise ValidationError(reasons)
        return plan


@admin.register(Subscription)
class SubscriptionAdmin(ModelAdmin):
    """Who is on which plan. Organizations bring their subscription; here it is changed."""

    form = SubscriptionForm
    list_display = ("organization", "plan", "started_at")
    list_filter = ("plan",)
    list_select_related = ("organization", "plan")
    search_fields = ("organization__name", "organization__slug")
    readonly_fields = ("organization", "started_at")
    fields = ("organization", "plan", "started_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Subscription | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Subscription, form: forms.ModelForm, change: bool) -> None:
        actor: Any = request.user
        with tenant_context(obj.organization):
            subscriptions.change_plan(obj.plan.slug, actor=actor.actor)


class QuotaOverrideForm(forms.ModelForm):
    class Meta:
        model = QuotaOverride
        fields = ("organization", "name", "value")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        try:
            subscriptions.check_value(self._name(data), data.get("value"))
        except Refusal as refusal:
            raise ValidationError({"value": refusal.detail}) from refusal
        return data

    def _name(self, data: dict[str, Any]) -> str:
        return str(data.get("name") or self.instance.name)


@admin.register(QuotaOverride)
class QuotaOverrideAdmin(ModelAdmin):
    """Quotas agreed with one organization, in place of its plan's."""

    form = QuotaOverrideForm
    list_display = ("organization", "name", "value")
    list_filter = ("name",)
    list_select_related = ("organization",)
    search_fields = ("organization__name", "organization__slug")

    def get_readonly_fields(self, request: HttpRequest, obj: QuotaOverride | None = None) -> tuple[str, ...]:
        return ("organization", "name") if obj else ()

    def save_model(self, request: HttpRequest, obj: QuotaOverride, form: forms.ModelForm, change: bool) -> None:
        actor: Any = request.user
        with tenant_context(obj.organization):
            subscriptions.set_quota(obj.name, obj.value, actor=actor.actor)
        obj.pk = QuotaOverride.objects.get(organization=obj.organization, name=obj.name).pk

    def delete_model(self, request: HttpRequest, obj: QuotaOverride) -> None:
        actor: Any = request.user
        with tenant_context(obj.organization):
            subscriptions.remove_override(obj.name, actor=actor.actor)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for override in list(queryset.select_related("organization")):
            self.delete_model(request, override)
