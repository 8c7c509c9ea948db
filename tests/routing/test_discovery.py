"""What the environment says is what is used; what platform staff decided stays."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from routing.providers.catalogue import Catalogue, catalogue, forget_catalogue
from routing.providers.discovery import BadModelName, sync_providers
from routing.providers.models import Provider, ProviderModel
from routing.providers.registry import KINDS, provider_kind
from routing.providers.status import only_demo_answers
from tenants.context import platform_context, tenant_context

pytestmark = pytest.mark.promise("PRV-1")


class Listing(BaseHTTPRequestHandler):
    """Answers `/models` with the names the server was given."""

    def do_GET(self) -> None:
        names = self.server.names  # type: ignore[attr-defined]
        body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in names]}).encode()
        self.send_response(200 if self.path.endswith("/models") else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def listing() -> Iterator[Any]:
    """A server that lists models; set `names`. `url` has no `/v1`."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Listing)
    server.names = ["gpt-4o", "gpt-4o-mini", "gpt-4o-audio-preview", "whisper-1", "gpt-3.5-turbo"]
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def on_platform(db: None, settings: Any) -> Iterator[None]:
    settings.DEMO_PROVIDER_URL = "http://127.0.0.1:9/v1"
    forget_catalogue()
    with platform_context():
        yield
    forget_catalogue()


def sync(settings: Any, **variables: str) -> Catalogue:
    settings.PROVIDER_ENVIRONMENT = variables
    sync_providers()
    return catalogue()


def names(found: Catalogue) -> set[str]:
    return {option.name for option in found.usable()}


def test_without_a_real_provider_the_demo_answers_and_says_so(on_platform: None, settings: Any) -> None:
    found = sync(settings)
    assert names(found) == {"demo/llama-3.2-3b", "demo/phi-3.5-mini", "demo/gpt-4o"}
    assert only_demo_answers()
    assert all(option.price is not None and option.price.is_demo for option in found.options)


def test_a_real_provider_takes_the_demo_out_of_every_chain(on_platform: None, settings: Any, listing: Any) -> None:
    found = sync(settings, OPENAI_API_KEY="k", OPENAI_BASE_URL=f"{listing.url}/v1")
    assert names(found) == {"openai/gpt-4o", "openai/gpt-4o-mini"}
    assert not only_demo_answers()


def test_it_stays_out_when_the_real_provider_cannot_be_reached(on_platform: None, settings: Any) -> None:
    found = sync(settings, OPENAI_API_KEY="k", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert not any(option.is_demo for option in found.options)
    assert not only_demo_answers()


def test_without_the_variables_the_provider_is_gone_again(on_platform: None, settings: Any, listing: Any) -> None:
    sync(settings, OPENAI_API_KEY="k", OPENAI_BASE_URL=f"{listing.url}/v1")
    assert only_demo_answers() is False
    sync(settings)
    assert only_demo_answers() is True


def test_named_models_go_first(on_platform: None, settings: Any, listing: Any) -> None:
    found = sync(settings, OPENAI_BASE_URL=f"{listing.url}/v1", SMALL_MODEL="openai/gpt-3.5-turbo")
    (named,) = found.find("gpt-3.5-turbo")
    assert named.is_preferred
    assert named.tier == "small"


@pytest.mark.promise("PRV-4")
def test_a_self_hosted_model_is_used_only_with_a_price(on_platform: None, settings: Any, listing: Any) -> None:
    listing.names = ["llama3.2:3b"]
    (unpriced,) = sync(settings, OLLAMA_BASE_URL=listing.url).usable()
    assert unpriced.price is None
    prices = "ollama/llama3.2:3b=0/0"
    (priced,) = sync(settings, OLLAMA_BASE_URL=listing.url, MODEL_PRICES=prices).usable()
    assert priced.price is not None
    assert priced.endpoint.base_url == f"{listing.url}/v1"


@pytest.mark.parametrize("given", ["gpt-4o", "nobody/gpt-4o", "openai/"])
def test_a_name_that_leads_nowhere_stops_with_what_is_expected(on_platform: None, settings: Any, given: str) -> None:
    with pytest.raises(BadModelName, match="provider/model"):
        sync(settings, SMALL_MODEL=given)


def test_what_staff_switched_off_stays_off(on_platform: None, settings: Any, listing: Any) -> None:
    variables = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{listing.url}/v1"}
    sync(settings, **variables)
    ProviderModel.objects.filter(name="gpt-4o-mini").update(is_enabled=False, chosen_by="person")
    assert names(sync(settings, **variables)) == {"openai/gpt-4o"}


def test_syncing_twice_changes_nothing(on_platform: None, settings: Any, listing: Any) -> None:
    variables = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{listing.url}/v1", "LARGE_MODEL": "openai/gpt-4o"}
    once = sync(settings, **variables).options
    assert sync(settings, **variables).options == once


def test_a_provider_added_by_staff_takes_its_key_from_the_environment(
    on_platform: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PROVIDER_ENVIRONMENT = {}
    monkeypatch.setenv("MY_VLLM_API_KEY", "s3cret")
    mine = Provider.objects.create(slug="my-vllm", name="Mine", kind="compatible", base_url="http://127.0.0.1:9/v1")
    ProviderModel.objects.create(provider=mine, name="m", tier="small")
    (option,) = catalogue().usable()
    assert option.endpoint.api_key == "s3cret"
    assert "s3cret" not in repr(option)


def test_a_tenant_reads_the_same_catalogue(on_platform: None, settings: Any, acme: Any) -> None:
    found = sync(settings)
    forget_catalogue()
    with tenant_context(acme):
        assert catalogue() == found


@pytest.mark.parametrize("slug", KINDS)
def test_every_kind_can_be_loaded_and_has_its_name(slug: str) -> None:
    assert provider_kind(slug).slug == slug


@pytest.mark.parametrize(
    ("kind", "variables", "base_url"),
    [
        ("openai", {"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1"),
        ("azure", {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com/"},
         "https://x.openai.azure.com/openai/v1"),
        ("anthropic", {"ANTHROPIC_API_KEY": "k"}, "https://api.anthropic.com/v1"),
        ("gemini", {"GEMINI_API_KEY": "k"}, "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("ollama", {"OLLAMA_BASE_URL": "http://127.0.0.1:11434"}, "http://127.0.0.1:11434/v1"),
    ],
)  # fmt: skip
def test_each_kind_is_reached_where_its_maker_says(kind: str, variables: dict[str, str], base_url: str) -> None:
    endpoint = provider_kind(kind).from_environment(variables)
    assert endpoint is not None
    assert endpoint.base_url == base_url
    assert provider_kind(kind).from_environment({}) is None
