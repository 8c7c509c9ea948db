"""Who gets a socket, and who loses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tenants.context import in_platform, in_tenant, platform_context
from tests.chat.conftest import Client, Connect, Place, browser_headers, make_key, session_cookie

pytestmark = pytest.mark.promise("TEN-3")
Headers = list[tuple[bytes, bytes]]


@pytest.fixture
async def cookie(here: Place) -> str:
    return await in_platform(session_cookie, here.people["owner"], here.tenant)


def key_headers(host: str, key: str) -> Headers:
    return [(b"host", host.encode()), (b"authorization", f"Bearer {key}".encode())]


async def is_let_in(headers: Headers, path: str = "/ws/chat/") -> bool:
    client = Client(path, headers)
    opened = await client.open()
    if opened:
        assert (await client.next())["type"] == "hello"
        await client.close()
    return opened


async def test_a_member_enters_from_a_page_of_the_same_host(here: Place, cookie: str) -> None:
    assert await is_let_in(browser_headers(here, cookie))


@pytest.mark.parametrize(
    "origin",
    [
        "http://{other}",
        "https://{own}",
        "http://{name}:8001",
        "http://{name}",
        "http://localhost:8000",
        "http://evil.{own}",
        "http://{own}.evil.example",
        "http://{own}/path",
        "null",
        "",
    ],
)
async def test_a_cookie_from_a_page_of_any_other_origin_is_refused(
    here: Place, elsewhere: Place, cookie: str, origin: str
) -> None:
    name = here.host.partition(":")[0]
    shown = origin.format(own=here.host, other=elsewhere.host, name=name)
    assert not await is_let_in(browser_headers(here, cookie, origin=shown))


async def test_a_cookie_without_an_origin_is_refused(here: Place, cookie: str) -> None:
    assert not await is_let_in([(b"host", here.host.encode()), (b"cookie", f"sessionid={cookie}".encode())])


async def test_a_stranger_is_refused(here: Place) -> None:
    assert not await is_let_in(browser_headers(here, "nosuchsession"))


async def test_a_session_of_another_organization_is_refused(here: Place, elsewhere: Place) -> None:
    theirs = await in_platform(session_cookie, elsewhere.people["owner"], elsewhere.tenant)
    assert not await is_let_in(browser_headers(here, theirs))


async def test_a_session_of_a_person_who_is_no_member_is_refused(here: Place, elsewhere: Place) -> None:
    forged = await in_platform(session_cookie, elsewhere.people["owner"], here.tenant)
    assert not await is_let_in(browser_headers(here, forged))


async def test_an_unknown_host_is_refused(here: Place, cookie: str) -> None:
    nowhere = Place(here.organization)
    headers = [
        (b"host", b"nobody-lives-here.localhost:8000"),
        (b"origin", b"http://nobody-lives-here.localhost:8000"),
        (b"cookie", f"sessionid={cookie}".encode()),
    ]
    assert nowhere.host
    assert not await is_let_in(headers)


async def test_two_hosts_in_one_request_are_refused(here: Place, cookie: str) -> None:
    headers = browser_headers(here, cookie)
    assert not await is_let_in([*headers, (b"host", b"localhost:8000")])


async def test_the_host_is_read_without_case_and_trailing_dot(here: Place, cookie: str) -> None:
    loud = here.host.upper().replace(":8000", ".:8000")
    headers = browser_headers(here, cookie, origin=f"http://{here.host}")
    assert await is_let_in([(b"host", loud.encode()), *headers[1:]])


@pytest.mark.parametrize("host", ["{own}", "localhost:8000", "127.0.0.1:8000"])
async def test_a_key_enters_on_its_own_host_and_on_the_platforms(here: Place, host: str) -> None:
    _, key = await in_tenant(here.tenant, make_key, here)
    assert await is_let_in(key_headers(host.format(own=here.host), key))


async def test_a_key_on_another_organizations_host_is_refused(here: Place, elsewhere: Place) -> None:
    _, key = await in_tenant(here.tenant, make_key, here)
    assert not await is_let_in(key_headers(elsewhere.host, key))


async def test_a_key_with_an_origin_is_refused(here: Place) -> None:
    _, key = await in_tenant(here.tenant, make_key, here)
    headers = [*key_headers(here.host, key), (b"origin", f"http://{here.host}".encode())]
    assert not await is_let_in(headers)


async def test_a_wrong_key_is_refused(here: Place) -> None:
    assert not await is_let_in(key_headers(here.host, "ork_0000000000_nonsense"))


async def test_a_session_on_the_platforms_host_has_no_chat(here: Place, cookie: str) -> None:
    headers = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000")]
    assert not await is_let_in([*headers, (b"cookie", f"sessionid={cookie}".encode())])


async def test_a_path_that_leads_nowhere_is_refused(here: Place, cookie: str) -> None:
    assert not await is_let_in(browser_headers(here, cookie), "/ws/nothing/")


async def test_an_agent_that_is_not_there_is_named_in_an_error(here: Place, cookie: str) -> None:
    client = Client("/ws/chat/nobody/", browser_headers(here, cookie))
    assert await client.open()
    error = await client.next()
    assert (error["code"], "nobody" in error["detail"]) == ("not-found", True)
    assert await client.close_code() == 4403


@pytest.fixture
async def suspended(here: Place) -> AsyncIterator[Place]:
    await in_platform(set_status, here, "suspended")
    yield here
    await in_platform(set_status, here, "active")


def set_status(place: Place, status: str) -> None:
    from tenants import hosts

    with platform_context():
        place.organization.status = status
        place.organization.save(update_fields=["status"])
    hosts.forget_hosts(place.organization)


async def test_a_suspended_organization_is_refused_with_words(suspended: Place, cookie: str) -> None:
    client = Client("/ws/chat/", browser_headers(suspended, cookie))
    assert await client.open()
    error = await client.next()
    assert (error["code"], "suspended" in error["detail"]) == ("organization-suspended", True)
    assert await client.close_code() == 4403


async def test_a_revoked_key_loses_its_socket(here: Place) -> None:
    from tenants.keys import revoke_key

    row, key = await in_tenant(here.tenant, make_key, here)
    client = Client("/ws/chat/", key_headers("localhost:8000", key))
    assert await client.open()
    await client.until("hello")
    await in_tenant(here.tenant, revoke_key, row, actor="system:tests")
    assert (await client.until("error"))["code"] == "access-ended"
    assert await client.close_code() == 4403


async def test_a_removed_member_loses_the_socket_and_others_keep_theirs(here: Place, connect: Connect) -> None:
    from tenants.models import Membership

    def membership() -> Any:
        with platform_context():
            return Membership.objects.select_related("user", "organization").get(
                user=here.people["operator"], organization=here.organization
            )

    def remove() -> None:
        from tenants import members

        members.remove_member(row, actor="system:tests", acting_role="owner")

    def bring_back() -> None:
        with platform_context():
            Membership.objects.create(organization=here.organization, user=here.people["operator"], role="operator")

    leaving = await connect(here, "operator")
    staying = await connect(here, "owner")
    row = await in_tenant(here.tenant, membership)
    await in_tenant(here.tenant, remove)
    try:
        assert (await leaving.until("error"))["code"] == "access-ended"
        assert await leaving.close_code() == 4403
        await staying.send(type="ping")
        assert (await staying.until("pong"))["type"] == "pong"
    finally:
        await in_tenant(here.tenant, bring_back)


async def test_membership_is_checked_again_with_each_question(here: Place, connect: Connect) -> None:
    """Also when the message that closes sockets got lost."""
    from tenants.models import Membership

    def take_away() -> None:
        with platform_context():
            Membership.objects.filter(user=here.people["operator"]).delete()

    def bring_back() -> None:
        with platform_context():
            Membership.objects.create(organization=here.organization, user=here.people["operator"], role="operator")

    client = await connect(here, "operator")
    await in_tenant(here.tenant, take_away)
    try:
        error = await client.ask("Hi")
        assert error["code"] == "access-ended"
    finally:
        await in_tenant(here.tenant, bring_back)


async def test_a_host_that_is_no_host_is_refused(here: Place) -> None:
    _, key = await in_tenant(here.tenant, make_key, here)
    assert not await is_let_in(key_headers("a_b!.localhost", key))


async def test_an_owner_without_the_second_factor_that_is_asked_for_is_refused_with_words(
    here: Place, cookie: str, settings: Any
) -> None:
    settings.MFA_REQUIRED_FOR_ADMINS = True
    client = Client("/ws/chat/", browser_headers(here, cookie))
    assert await client.open()
    frame = await client.next()
    assert (frame["type"], frame["code"]) == ("error", "forbidden")
    assert "second factor" in frame["detail"]
    viewer = await in_platform(session_cookie, here.people["viewer"], here.tenant)
    assert await is_let_in(browser_headers(here, viewer))
