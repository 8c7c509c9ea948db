"""Providers, models and prices in the admin, with a call that says hello and a view of their health."""

from typing import Any

import redis
from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from audit.chain import record
from routing import health
from routing.hello import say_hello
from routing.providers.catalogue import ModelOption, catalogue, endpoint_of, forget_catalogue, read_catalogue
from routing.providers.environment import key_variable
from routing.providers.models import ChosenBy, Price, Provider, ProviderModel

STATES = {"closed": "success", "trying": "warning", "open": "danger"}


def _options() -> dict[str, ModelOption]:
    return {option.name: option for option in catalogue().options}


class RecordedAdmin(ModelAdmin):
    """Writes each change to the platform's chain, and lets the router see it at once in this process."""

    noun = ""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save; what a person has decided, no later start changes."""
        if hasattr(obj, "chosen_by"):
            obj.chosen_by = ChosenBy.PERSON
        super().save_model(request, obj, form, change)
        self._record(request, obj, "changed" if change else "added", form.changed_data)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record(request, obj, "deleted", [])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _record(self, request: HttpRequest, obj: Any, verb: str, fields: list[str]) -> None:
        actor: Any = request.user
        record(
            action=f"providers.{self.noun}.{verb}",
            target=f"providers.{self.noun}:{getattr(obj, 'public_id', obj.pk)}",
            actor=actor.actor,
            payload={"name": str(obj), "fields": ", ".join(fields)},
        )
        forget_catalogue()


class ModelInline(TabularInline):
    model = ProviderModel
    fields = ("name", "tier", "context_window", "supports_tools", "is_enabled", "is_preferred")
    extra = 0
    show_change_link = True


@admin.register(Provider)
class ProviderAdmin(RecordedAdmin):
    """Who answers. Keys stand in the environment and are not shown."""

    noun = "provider"
    list_display = ("name", "kind", "reached_at", "is_enabled", "priority", "model_count")
    list_filter = ("kind", "is_enabled")
    search_fields = ("name", "slug")
    readonly_fields = ("reached_at", "key_name")
    fields = ("name", "slug", "kind", "base_url", "reached_at", "key_name", "is_enabled", "priority")
    inlines = (ModelInline,)

    @display(description="Reached at")
    def reached_at(self, provider: Provider) -> str:
        """The address in use, or why there is none."""
        endpoint = endpoint_of(provider) if provider.kind else None
        return endpoint.base_url if endpoint else "not configured"

    @display(description="Key is read from")
    def key_name(self, provider: Provider) -> str:
        return key_variable(provider.slug) if provider.slug else "SLUG_API_KEY"

    @display(description="Models in use")
    def model_count(self, provider: Provider) -> int:
        return provider.models.filter(is_enabled=True).count()


class PriceInline(TabularInline):
    model = Price
    extra = 0


@admin.register(ProviderModel)
class ProviderModelAdmin(RecordedAdmin):
    """Models, the price in force, and how they have been doing in the last minutes."""

    noun = "model"
    list_display = ("name", "provider", "tier", "is_enabled", "is_preferred", "price_in_force", "health")
    list_filter = ("tier", "is_enabled", "provider")
    search_fields = ("name",)
    list_select_related = ("provider",)
    readonly_fields = ("price_in_force", "health")
    exclude = ("chosen_by",)
    inlines = (PriceInline,)
    actions = ("say_hello",)

    @display(description="Price")
    def price_in_force(self, model: ProviderModel) -> str:
        """What a token costs now, and who says so."""
        option = _options().get(str(model)) or _option_of(model)
        if option is None:
            return "not configured"
        return f"{option.price.words} ({option.price.source})" if option.price else "not known: the model is not used"

    @display(description="Health", label=STATES)
    def health(self, model: ProviderModel) -> tuple[str, str] | str:
        """State of the breaker, with error rate and latency of the last five minutes."""
        option = _options().get(str(model))
        if option is None:
            return "not in use"
        try:
            (found,) = health.overview([option])
        except redis.RedisError:
            return "not known"
        latency = f", {found.mean_latency_ms:.0f} ms" if found.mean_latency_ms is not None else ""
        return found.state, f"{found.state}: {found.errors} of {found.calls} calls failed{latency}"

    @admin.action(description="Say hello (a real call, which may cost a little)")
    def say_hello(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Send a greeting to each selected model and show what came back."""
        for model in queryset.select_related("provider"):
            option = _options().get(str(model)) or _option_of(model)
            if option is None:
                messages.error(request, f"{model}: its provider is not configured.")
                continue
            greeting = async_to_sync(say_hello)(option)
            words = f"{model}: {greeting.words} ({greeting.latency_ms} ms)"
            (messages.success if greeting.is_answered else messages.error)(request, words)


@admin.register(Price)
class PriceAdmin(RecordedAdmin):
    """Prices entered here go before MODEL_PRICES and the maintained list, from their date on."""

    noun = "price"
    list_display = (
        "model",
        "valid_from",
        "input_price_per_million_tokens",
        "output_price_per_million_tokens",
        "cached_price_per_million_tokens",
        "note",
    )
    list_select_related = ("model__provider",)
    autocomplete_fields = ("model",)
    date_hierarchy = "valid_from"


def _option_of(model: ProviderModel) -> ModelOption | None:
    """The option of a model that the catalogue leaves out, such as the demo's beside a real provider."""
    everything = read_catalogue(timezone.now(), with_demo=True)
    return next((option for option in everything.options if option.name == str(model)), None)
