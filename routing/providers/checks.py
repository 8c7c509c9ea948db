"""System checks: what the environment says about models is understood before anything starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from routing.providers.prices import entered_prices


@register()
def check_model_prices(**_: Any) -> list[CheckMessage]:
    """MODEL_PRICES can be read."""
    try:
        entered_prices()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/routing.md for its two forms.", id="providers.E001")]
    return []
