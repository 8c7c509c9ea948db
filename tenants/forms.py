"""Forms of sign-up and settings. They check input; the use cases check the rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from tenants import invitations, provisioning
from tenants.context import platform_context
from tenants.exceptions import NotFound, Refusal
from tenants.invitations import INVITATION
from tenants.keys import NewKey
from tenants.lifecycle import EDITABLE
from tenants.models import Organization, User
from tenants.permissions import DEFAULT_SCOPES, ROLE_CHOICES, SCOPES
from tenants.slugs import validate_slug


class SignupForm(AllauthSignupForm):
    """Founds an organization with its owner; whoever comes by an invitation founds none."""

    name = forms.CharField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    organization = forms.CharField(label="Organization", max_length=100)
    slug = forms.CharField(
        label="Address",
        max_length=40,
        validators=[validate_slug],
        help_text="The first part of your organization's host name: lower-case letters, digits and hyphens.",
    )
    industry = forms.ChoiceField(choices=Organization.Industry.choices, initial="general")
    size = forms.ChoiceField(choices=Organization.Size.choices, initial="small")

    field_order = ["organization", "slug", "industry", "size", "name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.token = _invitation_token(self.request) if getattr(self, "request", None) else ""
        if self.token:
            for field in ("organization", "slug", "industry", "size"):
                self.fields.pop(field)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        with platform_context():
            if Organization.objects.filter(slug=slug).exists():
                raise ValidationError("This address is taken. Please choose another.")
        return slug

    def save(self, request: HttpRequest) -> User:
        user: User = super().save(request)
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        if not _invitation_token(request):
            data = self.cleaned_data
            new = provisioning.NewOrganization(
                data["organization"], data["slug"], data["industry"], data["size"], options={"plan": "basic"}
            )
            provisioning.create_organization(new, actor=user.actor, owner=user)
        return user


def _invitation_token(request: HttpRequest) -> str:
    """The token of the invitation that led here, empty when there is none or it is spent."""
    token: str = request.session.get(INVITATION, "")
    if token:
        try:
            invitations.find_by_token(token)
        except NotFound:
            return ""
    return token


class OrganizationForm(forms.ModelForm):
    class Meta:
        model = Organization
        fields = EDITABLE
        widgets = {"accent_color": forms.TextInput(attrs={"placeholder": "#842162"})}
        help_texts = {
            "industry": "Shifts the router: finance and healthcare toward accuracy, technology and retail toward cost.",
            "region": "Where models may answer from and data may be kept.",
            "accent_color": "Replaces velvet on your pages. Empty for ours.",
        }


class InvitationForm(forms.Form):
    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(choices=ROLE_CHOICES, initial="operator")


class KeyForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What will use it, such as “CI pipeline”.")
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=list(SCOPES.items()),
        initial=list(DEFAULT_SCOPES),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(label="Expires after (days)", min_value=1, max_value=3650, initial=90)
    allowed_networks = forms.CharField(
        label="Only from", required=False, help_text="Networks such as 203.0.113.0/24, separated by commas."
    )
    denied_networks = forms.CharField(
        label="Never from", required=False, help_text="The same for networks to keep out."
    )

    def new_key(self) -> NewKey:
        """The chosen key; call after `is_valid()`."""
        data = self.cleaned_data
        return NewKey(
            name=data["name"],
            scopes=data["scopes"],
            lifetime=timedelta(days=data["days"]),
            allowed_networks=_networks(data["allowed_networks"]),
            denied_networks=_networks(data["denied_networks"]),
        )


def _networks(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def add_refusal(form: forms.BaseForm, refusal: Refusal) -> None:
    """Show a use case's refusal at the fields it names, or on top of the form."""
    for name, messages in refusal.errors.items():
        if name in form.fields:
            for message in messages:
                form.add_error(name, message)
    if not any(name in form.fields for name in refusal.errors):
        form.add_error(None, refusal.detail)
