"""The demo provider for tests of routing, and an organization whose rows are committed."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from tenants.context import Tenant, platform_context
from tests.conftest import provision_now
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


@pytest.fixture(scope="module")
def lab_organization(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """A committed organization for a whole file: the gateway works on threads of its own. Deleted at the end."""
    from routing.providers.models import Provider
    from tenants import lifecycle, provisioning

    with django_db_blocker.unblock():
        new = provisioning.NewOrganization("Lab", "routing-lab", "technology", options={"plan": "enterprise"})
        organization = provision_now(new)
        yield organization
        with platform_context(), mock.patch.object(lifecycle, "_start_deletion"):
            lifecycle.request_deletion(organization, actor="system:tests")
            lifecycle.delete_organization(organization.pk, actor="system:tests")
            Provider.objects.all().delete()


@pytest.fixture
def lab(lab_organization: Any, demo_provider: DemoServer, settings: Any, django_db_blocker: Any) -> Iterator[Tenant]:
    """The committed organization's tenant, with the demo provider as its only one and a clean record of health."""
    from routing.providers.catalogue import forget_catalogue
    from routing.providers.discovery import sync_providers
    from tenants.redis import redis_client

    settings.DEMO_PROVIDER_URL = demo_provider.url
    settings.PROVIDER_ENVIRONMENT = {}
    for key in redis_client().scan_iter("routing:health:*"):
        redis_client().delete(key)
    with django_db_blocker.unblock():
        with platform_context():
            sync_providers()
        yield lab_organization.as_tenant()
    forget_catalogue()
