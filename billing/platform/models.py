"""Usage of all organizations in one public table, pushed by their rollups: reports never loop over tenants."""

from __future__ import annotations

from django.db import models

from tenants.models import Organization


class PlatformUsageDaily(models.Model):
    """What one organization used on one UTC day, by kind, model and tier. A tenant sees and writes its own rows."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="usage_days")
    day = models.DateField()
    kind = models.CharField(max_length=12)
    provider = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=120, blank=True)
    tier = models.CharField(max_length=10, blank=True)
    records = models.PositiveBigIntegerField(default=0)
    queries = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cached_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField("cost, USD", max_digits=20, decimal_places=10, default=0)
    baseline_cost = models.DecimalField("all-large cost, USD", max_digits=20, decimal_places=10, default=0)

    class Meta:
        verbose_name = "usage of a day"
        verbose_name_plural = "usage by organization and day"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day", "kind", "provider", "model", "tier"],
                name="billing_platform_usage_unique",
            )
        ]
        indexes = [models.Index(fields=["day"], name="billing_platform_usage_day")]

    def __str__(self) -> str:
        return f"{self.organization_id} on {self.day}: {self.kind} {self.model}"
