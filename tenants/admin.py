"""Organizations, domains and people in the Django admin of the platform's host."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm

from tenants import hosts, lifecycle, provisioning
from tenants.exceptions import Refusal
from tenants.models import ApiKey, Domain, Invitation, Membership, Organization, User

STATUS_COLORS = {
    Organization.Status.ACTIVE: "success",
    Organization.Status.PROVISIONING: "info",
    Organization.Status.SUSPENDED: "warning",
    Organization.Status.FAILED: "danger",
    Organization.Status.DELETING: "danger",
}


class ReadOnly:
    """Mixed into what staff may look at and not touch."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FoundingForm(forms.ModelForm):
    """What founding needs beside the organization's own fields."""

    plan = forms.ChoiceField(choices=[(p, p.capitalize()) for p in ("basic", "professional", "enterprise")])
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, help_text="The first owner. Others are invited by the owner."
    )

    class Meta:
        model = Organization
        fields = ("name", "slug", "industry", "size", "region")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True).order_by("email")


class DomainInline(TabularInline):
    model = Domain
    extra = 0
    fields = ("domain", "is_primary")


class MembershipInline(ReadOnly, TabularInline):
    model = Membership
    extra = 0
    fields = ("user", "role", "created_at")
    readonly_fields = fields


@admin.register(Organization)
class OrganizationAdmin(ModelAdmin):
    """Founding starts a job; the page of the new organization shows its steps until the doors are open."""

    list_display = ("name", "slug", "shown_status", "industry", "size", "region", "created_at", "address")
    list_filter = ("status", "industry", "size", "region")
    search_fields = ("name", "slug", "=id")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    actions = ("suspend", "resume", "set_up_again")
    actions_detail = ("look_inside", "ask_to_delete")
    inlines = (DomainInline, MembershipInline)
    readonly_fields = ("slug", "shown_status", "status_reason", "progress", "schema_name", "address", "created_at")
    fieldsets = (
        (None, {"fields": ("name", "slug", "industry", "size", "region", "accent_color")}),
        ("State", {"fields": ("shown_status", "status_reason", "progress", "address", "schema_name", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("name", "slug", "industry", "size", "region", "plan", "owner")}),)

    class Media:
        js = ("js/admin/progress.js",)

    def get_fieldsets(self, request: HttpRequest, obj: Organization | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Organization | None) -> Any:
        return self.inlines if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Organization | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = FoundingForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return False  # a row alone would leave schema, role, keys and files behind: deletion is a job in stages

    @display(description="Status", label=STATUS_COLORS, ordering="status")
    def shown_status(self, obj: Organization) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    @display(description="Address")
    def address(self, obj: Organization) -> SafeString:
        origin = hosts.tenant_origin(obj.slug)
        return format_html('<a href="{}/">{}</a>', origin, hosts.host_of(obj.slug))

    @display(description="Set-up")
    def progress(self, obj: Organization) -> SafeString:
        steps = obj.provisioning.get("steps", []) + obj.provisioning.get("deletion", [])
        rows = format_html_join(
            "", "<li>{} {}</li>", (("✓" if s["state"] == "done" else "·", s["name"]) for s in steps)
        )
        done, total = provisioning.progress(obj)
        return format_html(
            '<div data-progress="{}" data-status="{}"><p>{} of {} steps</p><ul>{}</ul></div>',
            reverse("api:organizations-detail", args=[obj.pk]),
            obj.status,
            done,
            total,
            rows,
        )

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> Organization:
        if change:
            return super().save_form(request, form, change)
        form.save_m2m = lambda: None  # founding has saved it all
        data = form.cleaned_data
        new = provisioning.NewOrganization(
            data["name"], data["slug"], data["industry"], data["size"], data["region"], {"plan": data["plan"]}
        )
        return provisioning.create_organization(new, actor=request.user.actor, owner=data["owner"])

    def save_model(self, request: HttpRequest, obj: Organization, form: forms.ModelForm, change: bool) -> None:
        if change:
            fresh = Organization.objects.get(pk=obj.pk)
            changes = {n: form.cleaned_data[n] for n in form.changed_data if n in lifecycle.EDITABLE}
            lifecycle.update_organization(fresh, changes, actor=request.user.actor)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if form.instance.pk:
            hosts.forget_hosts(form.instance)

    def response_add(self, request: HttpRequest, obj: Organization, post_url_continue: Any = None) -> HttpResponse:
        messages.success(request, f"{obj.name} is being set up. Its steps are below.")
        return redirect("admin:tenants_organization_change", obj.pk)

    @admin.action(description="Suspend")
    def suspend(self, request: HttpRequest, queryset: QuerySet[Organization]) -> None:
        self._each(
            request,
            queryset,
            lambda o: lifecycle.suspend_organization(o, "by platform staff", actor=request.user.actor),
        )

    @admin.action(description="Open again")
    def resume(self, request: HttpRequest, queryset: QuerySet[Organization]) -> None:
        self._each(request, queryset, lambda o: lifecycle.resume_organization(o, actor=request.user.actor))

    @admin.action(description="Retry the set-up")
    def set_up_again(self, request: HttpRequest, queryset: QuerySet[Organization]) -> None:
        self._each(request, queryset, provisioning.restart)

    def _each(self, request: HttpRequest, queryset: QuerySet[Organization], act: Any) -> None:
        done = 0
        for organization in queryset:
            try:
                act(organization)
                done += 1
            except Refusal as refusal:
                messages.error(request, refusal.detail)
        if done:
            messages.success(request, f"Done for {done} of {len(queryset)}.")

    @action(description="Look inside", url_path="look-inside")
    def look_inside(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(f"{reverse('admin:tenant-switch')}?organization={object_id}")

    @action(description="Delete…", url_path="ask-to-delete")
    def ask_to_delete(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect("admin:organization-delete", object_id)


@admin.register(Domain)
class DomainAdmin(ModelAdmin):
    """Host names. A change is felt within a minute, on this process at once."""

    list_display = ("domain", "tenant", "is_primary")
    search_fields = ("domain", "tenant__name", "tenant__slug")
    list_filter = ("is_primary",)
    list_select_related = ("tenant",)

    def save_model(self, request: HttpRequest, obj: Domain, form: forms.ModelForm, change: bool) -> None:
        obj.domain = hosts.normalize(obj.domain)
        super().save_model(request, obj, form, change)
        hosts.forget_hosts(obj.tenant)


class PersonForm(forms.ModelForm):
    """A new person gets a password by the reset mail."""

    class Meta:
        model = User
        fields = ("email", "name", "is_staff")


@admin.register(User)
class PersonAdmin(DjangoUserAdmin, ModelAdmin):
    """People of all organizations and platform staff."""

    form = UserChangeForm
    add_form = PersonForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_staff", "is_active", "last_login", "date_joined")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined", "public_id")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "public_id")}),
        ("Rights on the platform", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "is_staff")}),)
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly, ModelAdmin):
    """Keys of all organizations: whose, since when, until when. The key itself is stored nowhere."""

    list_display = ("name", "organization", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("organization",)
    search_fields = ("name", "prefix", "organization__name")
    list_select_related = ("organization",)
    exclude = ("key_hash",)


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, ModelAdmin):
    list_display = ("email", "organization", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("organization",)
    search_fields = ("email", "organization__name")
    list_select_related = ("organization",)
    exclude = ("token_hash",)
