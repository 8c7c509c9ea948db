"""What the environment says about providers. Secrets are read here and nowhere stored."""

import os
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

Environment = Mapping[str, str]


def environment() -> Environment:
    """Return the variables about models and providers, as read at the start (`settings.PROVIDER_ENVIRONMENT`)."""
    variables: Environment = settings.PROVIDER_ENVIRONMENT
    return variables


def secret(name: str) -> str:
    """Return a variable that settings do not know by name, such as the key of a provider added in the admin."""
    value = environment().get(name) or os.environ.get(name)
    if value:
        return value
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file else ""


def key_variable(provider_slug: str) -> str:
    """Return the name of the variable that holds a provider's key: `my-vllm` has `MY_VLLM_API_KEY`."""
    return provider_slug.upper().replace("-", "_") + "_API_KEY"
