"""Plans, who has which, and what was agreed beyond it. Tables of the public schema."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from tenants.models import Organization

QUOTA_CHOICES = [
    ("agents", "Agents"),
    ("tickets_per_month", "Tickets a month"),
    ("requests_per_minute", "Requests a minute"),
    ("spend_per_month", "Model spend a month, USD"),
]


class Plan(models.Model):
    """What an organization pays and how much it may use. An empty quota is unlimited."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    price_per_month = models.DecimalField(
        "price per month, USD", max_digits=10, decimal_places=2, validators=[MinValueValidator(0)]
    )
    price_per_year = models.DecimalField(
        "price per year, USD", max_digits=10, decimal_places=2, validators=[MinValueValidator(0)]
    )
    agents = models.PositiveIntegerField(null=True, blank=True, help_text="Empty means unlimited.")
    tickets_per_month = models.PositiveIntegerField(null=True, blank=True, help_text="Empty means unlimited.")
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Per API key or person. Empty means unlimited."
    )
    spend_per_month = models.DecimalField(
        "model spend per month, USD",
        max_digits=20,
        decimal_places=10,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Empty means unlimited.",
    )
    is_offered = models.BooleanField("offered", default=True, help_text="Organizations may choose it themselves.")

    class Meta:
        ordering = ["price_per_month", "slug"]

    def __str__(self) -> str:
        return self.name

    def quota(self, name: str) -> Decimal | None:
        """The plan's figure for a quota, None when it is unlimited."""
        value = getattr(self, name)
        return None if value is None else Decimal(value)


class Subscription(models.Model):
    """Which plan an organization is on. Each organization has exactly one."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.OneToOneField(Organization, on_delete=models.CASCADE, related_name="subscription")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    started_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.organization_id} on {self.plan_id}"


class QuotaOverride(models.Model):
    """A quota agreed with one organization, in place of its plan's. An empty value is unlimited."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="quota_overrides")
    name = models.CharField("quota", max_length=30, choices=QUOTA_CHOICES)
    value = models.DecimalField(
        max_digits=20,
        decimal_places=10,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Empty means unlimited.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="plans_quotaoverride_unique")]

    def __str__(self) -> str:
        return f"{self.name}: {'unlimited' if self.value is None else self.value.normalize()}"
