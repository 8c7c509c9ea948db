"""Providers, their models and dated prices. Shared by all tenants, which may read them; no secret is stored here."""

import uuid
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from routing.providers.registry import kind_choices


class Tier(models.TextChoices):
    SMALL = "small", "Small"
    LARGE = "large", "Large"


class ChosenBy(models.TextChoices):
    """Who decided that a row is on or off. What a person has decided, a later start leaves alone."""

    ENVIRONMENT = "environment", "Environment"
    TABLE = "table", "Ranked table"
    PERSON = "person", "Platform staff"


class Provider(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=40, unique=True, help_text="Its key is read from SLUG_API_KEY.")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=40, choices=kind_choices)
    base_url = models.CharField(
        max_length=300,
        blank=True,
        validators=[RegexValidator(r"^https?://[^@\s]+$", "An http or https address without a user name or password.")],
        help_text="Empty: the kind's own address, or the one in the environment.",
    )
    is_enabled = models.BooleanField(default=True)
    priority = models.PositiveSmallIntegerField(default=100, help_text="Among equal costs the lower number goes first.")
    chosen_by = models.CharField(max_length=12, choices=ChosenBy.choices, default=ChosenBy.PERSON)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        ordering = ["priority", "slug"]

    def __str__(self) -> str:
        return self.name or self.slug


class ProviderModel(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="models")
    name = models.CharField(max_length=200, help_text="As the provider spells it.")
    tier = models.CharField(max_length=8, choices=Tier.choices)
    context_window = models.PositiveIntegerField(default=8192, help_text="Tokens of question and answer together.")
    max_output_tokens = models.PositiveIntegerField(default=4096)
    supports_tools = models.BooleanField(default=True)
    supports_vision = models.BooleanField(default=False)
    supports_json = models.BooleanField(default=True)
    quality = models.DecimalField(
        max_digits=4,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
        help_text="Estimated share of good answers, 0 to 1.",
    )
    is_enabled = models.BooleanField(default=True)
    is_preferred = models.BooleanField(default=False, help_text="Goes first in its tier, before cheaper ones.")
    chosen_by = models.CharField(max_length=12, choices=ChosenBy.choices, default=ChosenBy.PERSON)

    class Meta:
        ordering = ["provider", "tier", "name"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "name"], name="providers_model_name_once"),
            models.CheckConstraint(condition=models.Q(tier__in=["small", "large"]), name="providers_model_tier_known"),
        ]

    def __str__(self) -> str:
        return f"{self.provider.slug}/{self.name}"


class Price(models.Model):
    """A price from an instant on, entered by platform staff.

    It goes before MODEL_PRICES and before the maintained list, which are looked up and not stored (`prices.py`).
    """

    model = models.ForeignKey(ProviderModel, models.CASCADE, related_name="prices")
    valid_from = models.DateTimeField(default=timezone.now)
    input_price_per_million_tokens = models.DecimalField(max_digits=20, decimal_places=10)
    output_price_per_million_tokens = models.DecimalField(max_digits=20, decimal_places=10)
    cached_price_per_million_tokens = models.DecimalField(
        max_digits=20, decimal_places=10, null=True, blank=True, help_text="Empty: cached input costs what input costs."
    )
    note = models.CharField(max_length=200, blank=True)
    is_free_on_purpose = models.BooleanField(
        default=False, help_text="Tick when the price is 0 because nobody bills these tokens."
    )

    class Meta:
        ordering = ["model", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["model", "valid_from"], name="providers_price_once_per_instant"),
            models.CheckConstraint(
                condition=models.Q(input_price_per_million_tokens__gte=0)
                & models.Q(output_price_per_million_tokens__gte=0)
                & (
                    models.Q(cached_price_per_million_tokens__isnull=True)
                    | models.Q(cached_price_per_million_tokens__gte=0)
                ),
                name="providers_price_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(is_free_on_purpose=True)
                | (models.Q(input_price_per_million_tokens__gt=0) & models.Q(output_price_per_million_tokens__gt=0)),
                name="providers_price_zero_on_purpose",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.input_price_per_million_tokens} / {self.output_price_per_million_tokens}"

    def clean(self) -> None:
        free = not self.input_price_per_million_tokens or not self.output_price_per_million_tokens
        if free and not self.is_free_on_purpose:
            raise ValidationError("A price of 0 needs the tick that says it is meant.")
