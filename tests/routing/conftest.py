"""The demo provider for tests of routing."""

from collections.abc import Iterator

import pytest

from tests.demo_server import DemoServer


@pytest.fixture(scope="session")
def demo_server() -> Iterator[DemoServer]:
    """Run one demo provider for the whole session; faults are ended by `demo_provider`."""
    with DemoServer() as server:
        yield server


@pytest.fixture
def demo_provider(demo_server: DemoServer) -> Iterator[DemoServer]:
    """Return the running demo provider without faults."""
    demo_server.fault("off")
    yield demo_server
    demo_server.fault("off")
