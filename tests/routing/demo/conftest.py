"""A real OpenAI client on the demo provider."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.demo_server import DemoServer


@pytest.fixture
def client(demo_provider: DemoServer) -> Iterator[OpenAI]:
    """Return an unmodified OpenAI client that does not retry."""
    with OpenAI(base_url=demo_provider.url, api_key="unused", max_retries=0, timeout=20) as client:
        yield client
