"""People, organizations and what binds them. All tables stand in the public schema."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django_tenants.models import DomainMixin, TenantMixin

from tenants import permissions
from tenants.context import current_tenant_or_none, is_platform, platform_context
from tenants.scope import SCHEMA_NAME, Tenant
from tenants.slugs import validate_slug


def new_schema_name() -> str:
    """A name that no other organization had or will have; never derived from the slug, never re-used."""
    return f"t_{uuid.uuid4().hex}"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user: User = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail; belongs to any number of organizations through `Membership`."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("e-mail", max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    theme = models.CharField(
        max_length=5, choices=[("auto", "As the device"), ("light", "Light"), ("dark", "Dark")], default="auto"
    )
    is_staff = models.BooleanField("platform staff", default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [models.UniqueConstraint(Lower("email"), name="tenants_user_email_unique")]

    def __str__(self) -> str:
        return self.email

    @property
    def display_name(self) -> str:
        return self.name or self.email.split("@")[0]

    @property
    def actor(self) -> str:
        return f"person:{self.public_id}"

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name.split(" ")[0]

    def member_role(self) -> str | None:
        """The role in the current tenant, None when the person is no member; asked once per tenant and instance."""
        tenant = current_tenant_or_none()
        if tenant is None:
            return None
        known: dict[uuid.UUID, str | None] = self.__dict__.setdefault("_member_roles", {})
        if tenant.id not in known:
            # Memberships of a person stand in public; the row filter is the tenant's id.
            with platform_context():
                known[tenant.id] = (
                    Membership.objects.filter(user_id=self.pk, organization_id=tenant.id)
                    .values_list("role", flat=True)
                    .first()
                )
        return known[tenant.id]

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether the person may do `perm` here: by member role in a tenant, by Django's rules on the platform.

        Platform staff have no standing inside a tenant.
        """
        if not self.is_active:
            return False
        if current_tenant_or_none() is not None:
            role = self.member_role()
            return role is not None and permissions.role_allows(role, perm)
        return is_platform() and super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        return is_platform() and super().has_module_perms(app_label)


class Organization(TenantMixin):
    """A company on the platform: one PostgreSQL schema, one role, one key space of its own."""

    class Status(models.TextChoices):
        PROVISIONING = "provisioning", "Being set up"
        FAILED = "failed", "Set-up failed"
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        DELETING = "deleting", "Being deleted"

    class Industry(models.TextChoices):
        FINANCE = "finance", "Finance"
        HEALTHCARE = "healthcare", "Healthcare"
        RETAIL = "retail", "Retail"
        MANUFACTURING = "manufacturing", "Manufacturing"
        LOGISTICS = "logistics", "Logistics"
        TECHNOLOGY = "technology", "Technology"
        HOSPITALITY = "hospitality", "Hospitality"
        GENERAL = "general", "General"

    class Size(models.TextChoices):
        SMALL = "small", "Small"
        MEDIUM = "medium", "Medium"
        LARGE = "large", "Large"
        ENTERPRISE = "enterprise", "Enterprise"

    auto_create_schema = False
    auto_drop_schema = False

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schema_name = models.CharField(
        max_length=63,
        unique=True,
        default=new_schema_name,
        editable=False,
        validators=[RegexValidator(SCHEMA_NAME, "A schema name is t_ and 32 hexadecimal digits.")],
    )
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=40, unique=True, validators=[validate_slug])
    industry = models.CharField(max_length=20, choices=Industry, default=Industry.GENERAL)
    size = models.CharField(max_length=12, choices=Size, default=Size.SMALL)
    region = models.CharField(
        "data region",
        max_length=20,
        choices=[("eu", "European Union"), ("us", "United States"), ("any", "Anywhere")],
        default="any",
    )
    accent_color = models.CharField(
        max_length=7, blank=True, validators=[RegexValidator(r"#[0-9a-fA-F]{6}\Z", "A colour such as #842162.")]
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.PROVISIONING)
    status_reason = models.CharField(max_length=300, blank=True)
    provisioning = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=r"^t_[0-9a-f]{32}$"), name="tenants_organization_schema_name_hex"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> uuid.UUID:
        return self.id

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    def as_tenant(self) -> Tenant:
        return Tenant(
            id=self.id,
            schema_name=self.schema_name,
            slug=self.slug,
            name=self.name,
            industry=self.industry,
            status=self.status,
        )


class Domain(DomainMixin):
    """A host name, lower case and without port, that leads to an organization."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(domain=Lower("domain")), name="tenants_domain_lower_case")
        ]


class Membership(models.Model):
    """A person's place in an organization: one of the five member roles."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=permissions.ROLE_CHOICES)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="tenants_membership_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id}: {self.role}"


class Invitation(models.Model):
    """An offer to join, sent by e-mail; the link carries a token of which only the hash is stored."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=permissions.ROLE_CHOICES)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="tenants_invitation_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization_id}"

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()


def default_key_expiry() -> datetime:
    return timezone.now() + timedelta(days=90)


class ApiKey(models.Model):
    """A key for programs. Only the SHA-256 of the key is stored; the prefix finds and shows it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    allowed_networks = models.JSONField(default=list, blank=True)
    denied_networks = models.JSONField(default=list, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=default_key_expiry)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaces")

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
