"""Two committed organizations with people, the demo provider, and sockets to talk through."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from channels.testing import WebsocketCommunicator
from django.test import AsyncClient

from agents.runtime.registry import registry
from tenants.context import Tenant, in_tenant, platform_context, tenant_context
from tests.conftest import PASSWORD, provision_now
from tests.demo_server import DemoServer


@dataclass
class Place:
    """A committed organization with an owner, an operator and a viewer."""

    organization: Any
    people: dict[str, Any] = field(default_factory=dict)

    @property
    def tenant(self) -> Tenant:
        tenant: Tenant = self.organization.as_tenant()
        return tenant

    @property
    def host(self) -> str:
        return f"{self.organization.slug}.localhost:8000"


@pytest.fixture(scope="session")
def demo_server() -> Iterator[DemoServer]:
    """One demo provider for the whole session; faults are ended by `provider`."""
    with DemoServer() as server:
        yield server


@pytest.fixture(scope="module")
def places(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Place]]:
    """Two organizations with people, committed for a whole file: sockets work on threads of their own."""
    from routing.providers.models import Provider
    from tenants import lifecycle

    with django_db_blocker.unblock():
        made = [_found("lumen"), _found("vega")]
        yield made
        with platform_context(), mock.patch.object(lifecycle, "_start_deletion"):
            for place in made:
                lifecycle.request_deletion(place.organization, actor="system:tests")
                lifecycle.delete_organization(place.organization.pk, actor="system:tests")
                for person in place.people.values():
                    person.delete()
            Provider.objects.all().delete()


def _found(name: str) -> Place:
    from tenants import provisioning
    from tenants.models import Membership, User

    slug = f"{name}-{uuid4().hex[:6]}"
    with platform_context():
        people = {
            role: User.objects.create_user(f"{role}@{slug}.example", PASSWORD, name=f"{role.capitalize()} {name}")
            for role in ("owner", "operator", "viewer")
        }
        new = provisioning.NewOrganization(name.capitalize(), slug, "technology", options={"plan": "enterprise"})
        organization = provision_now(new, owner=people["owner"])
        for role in ("operator", "viewer"):
            Membership.objects.create(organization=organization, user=people[role], role=role)
    return Place(organization, people)


@pytest.fixture
def provider(demo_server: DemoServer, settings: Any, django_db_blocker: Any) -> Iterator[DemoServer]:
    """The demo provider as the only one, without faults and with a clean record of health."""
    from routing.providers.catalogue import forget_catalogue
    from routing.providers.discovery import sync_providers
    from tenants.redis import redis_client

    settings.DEMO_PROVIDER_URL = demo_server.url
    settings.PROVIDER_ENVIRONMENT = {}
    demo_server.fault("off")
    for key in redis_client().scan_iter("routing:health:*"):
        redis_client().delete(key)
    with django_db_blocker.unblock():
        with platform_context():
            sync_providers()
        forget_catalogue()
        yield demo_server
    demo_server.fault("off")
    forget_catalogue()


@pytest.fixture
def here(places: list[Place], provider: DemoServer) -> Place:
    """The first organization, with the demo provider."""
    return places[0]


@pytest.fixture
def elsewhere(places: list[Place], provider: DemoServer) -> Place:
    """The second organization."""
    return places[1]


def session_cookie(person: Any, tenant: Tenant | None) -> str:
    """Sign a person in on an organization's host; returns the session's key."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from tenants.authentication import SESSION_TENANT
    from tenants.middleware import session_mark
    from tenants.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "tenants.authentication.AccountBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session[SESSION_TENANT] = session_mark(tenant)
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session.save()
    return str(session.session_key)


def make_key(place: Place, *scopes: str) -> tuple[Any, str]:
    """A key of the organization: its row and the key itself."""
    from tenants.keys import NewKey, create_key

    with tenant_context(place.tenant):
        return create_key(NewKey("test", scopes or ("read", "write", "chat")), actor="system:tests")


class Client:
    """A socket that reads frames as JSON and acknowledges them, unless told not to."""

    def __init__(self, path: str, headers: list[tuple[bytes, bytes]], *, acks: bool = True) -> None:
        from orchestrall.asgi import application

        self.socket = WebsocketCommunicator(application, path, headers=headers)
        self.acks = acks
        self.frames: list[dict[str, Any]] = []

    async def open(self) -> bool:
        connected, _ = await self.socket.connect(timeout=10)
        return bool(connected)

    async def send(self, **frame: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(frame, default=str))

    async def next(self, timeout: float = 20) -> dict[str, Any]:
        """The next frame; raises when the socket is closed instead."""
        message = await self.socket.receive_output(timeout)
        if message["type"] == "websocket.close":
            raise ConnectionError(message.get("code"))
        frame: dict[str, Any] = json.loads(message["text"])
        self.frames.append(frame)
        if self.acks and frame.get("frame"):
            await self.send(type="ack", frame=frame["frame"])
        return frame

    async def until(self, *types: str, timeout: float = 20) -> dict[str, Any]:
        """Read until a frame of one of the types comes, and return it."""
        async with asyncio.timeout(timeout):
            while True:
                frame = await self.next(timeout)
                if frame["type"] in types:
                    return frame

    async def ask(self, text: str, *, until: tuple[str, ...] = ("answered", "stopped", "error"), **more: Any) -> Any:
        await self.send(type="ask", text=text, **more)
        return await self.until(*until)

    async def close_code(self, timeout: float = 10) -> int:
        """Read on until the server closes, and return the code."""
        async with asyncio.timeout(timeout):
            while True:
                message = await self.socket.receive_output(timeout)
                if message["type"] == "websocket.close":
                    return int(message["code"])

    async def close(self) -> None:
        await self.socket.disconnect(timeout=10)


Connect = Callable[..., Any]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """A function that opens a socket, `await connect(place, "owner")`, past its hello; closes all at the end."""
    opened: list[Client] = []

    async def make(place: Place, who: str = "owner", path: str = "/ws/chat/", **more: Any) -> Client:
        cookie = await in_platform_call(session_cookie, place.people[who], place.tenant)
        client = Client(path, browser_headers(place, cookie), **more)
        assert await client.open()
        opened.append(client)
        await client.until("hello")
        return client

    yield make
    for client in opened:
        await client.close()
    await registry().close()


def browser_headers(place: Place, cookie: str, origin: str | None = None) -> list[tuple[bytes, bytes]]:
    return [
        (b"host", place.host.encode()),
        (b"origin", (f"http://{place.host}" if origin is None else origin).encode()),
        (b"cookie", f"sessionid={cookie}".encode()),
    ]


async def in_platform_call(fn: Callable[..., Any], *args: Any) -> Any:
    from tenants.context import in_platform

    return await in_platform(fn, *args)


async def rows(place: Place, fn: Callable[[], Any]) -> Any:
    """Run a query inside the organization's context."""
    return await in_tenant(place.tenant, fn)


@pytest.fixture(scope="session")
def slow_server() -> Iterator[DemoServer]:
    """A demo provider that writes thirty tokens a second."""
    with DemoServer(tokens_per_second=30) as server:
        yield server


@pytest.fixture(scope="session")
def sleepy_server() -> Iterator[DemoServer]:
    """A demo provider that writes four tokens a second."""
    with DemoServer(tokens_per_second=4) as server:
        yield server


@pytest.fixture
def sleepy(provider: DemoServer, sleepy_server: DemoServer, settings: Any) -> DemoServer:
    """Answers take longer than a test has patience; to be asked for together with `here`."""
    from routing.providers.catalogue import forget_catalogue

    settings.DEMO_PROVIDER_URL = sleepy_server.url
    forget_catalogue()
    return sleepy_server


@pytest.fixture
def slow(provider: DemoServer, slow_server: DemoServer, settings: Any) -> DemoServer:
    """Answers take their time; to be asked for together with `here`."""
    from routing.providers.catalogue import forget_catalogue

    settings.DEMO_PROVIDER_URL = slow_server.url
    forget_catalogue()
    return slow_server


LONG = "Hello there, " + "please say these many words back to me slowly and with great care, " * 12


class KeyClient(AsyncClient):
    """An asynchronous client with an API key, on the platform's host (Django's own insists on `testserver`)."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key

    async def request(self, **request: Any) -> Any:
        kept = [(name, value) for name, value in request["headers"] if name != b"host"]
        own = [(b"host", b"localhost"), (b"authorization", f"Bearer {self.key}".encode())]
        return await super().request(**{**request, "headers": [*kept, *own]})
