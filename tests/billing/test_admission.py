"""The rate limit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import redis

from billing import admission
from billing.plans.subscriptions import set_quota
from billing.quotas import LimitsUnavailable, QuotaExceeded, admit_request, usage_overview
from tenants.context import platform_context, tenant_context
from tenants.exceptions import TenantSuspended
from tenants.models import Organization
from tenants.redis import redis_client
from tests.billing.conftest import at_once

SUBJECT = "key:5a0f1f44-0f5d-4d1b-8f0e-2f4cbd6a1c11"


def age(subject: str, seconds: int) -> None:
    """Let the subject's window lie `seconds` further back: the clock is Redis's and cannot be moved."""
    key = admission.window_key(subject)
    buckets = redis_client().hgetall(key)
    redis_client().delete(key)
    redis_client().hset(key, mapping={int(second) - seconds: count for second, count in buckets.items()})


@pytest.fixture
def three_a_minute(in_acme: Any) -> Any:
    set_quota("requests_per_minute", Decimal(3), actor="system:tests")
    return in_acme


def test_it_counts_down(three_a_minute: Any) -> None:
    assert [admit_request(SUBJECT).remaining for _ in range(3)] == [2, 1, 0]


@pytest.mark.promise("BIL-3")
@pytest.mark.promise("TEN-4")
def test_it_refuses_the_request_after_the_last(three_a_minute: Any) -> None:
    for _ in range(3):
        admit_request(SUBJECT)
    with pytest.raises(QuotaExceeded) as refused:
        admit_request(SUBJECT)
    assert refused.value.limit_name == "requests_per_minute"
    assert (refused.value.limit, refused.value.usage) == (Decimal(3), Decimal(3))
    assert 1 <= refused.value.extra["retry_after_s"] <= 62


def test_room_comes_back_as_the_window_moves_on(three_a_minute: Any) -> None:
    for _ in range(3):
        admit_request(SUBJECT)
    age(SUBJECT, 62)
    assert admit_request(SUBJECT).remaining == 2


def test_half_a_window_later_nothing_has_come_back(three_a_minute: Any) -> None:
    for _ in range(3):
        admit_request(SUBJECT)
    age(SUBJECT, 30)
    with pytest.raises(QuotaExceeded):
        admit_request(SUBJECT)


def test_each_key_and_person_has_a_window_of_its_own(three_a_minute: Any) -> None:
    for _ in range(3):
        admit_request(SUBJECT)
    assert admit_request("person:5a0f1f44-0f5d-4d1b-8f0e-2f4cbd6a1c11").remaining == 2


def test_the_same_subject_in_another_organization_is_somebody_else(three_a_minute: Any, meridian: Any) -> None:
    for _ in range(3):
        admit_request(SUBJECT)
    with tenant_context(meridian):
        assert admit_request(SUBJECT).limit == 10_000


def test_a_changed_limit_counts_at_once(three_a_minute: Any) -> None:
    admit_request(SUBJECT)
    set_quota("requests_per_minute", Decimal(7), actor="system:tests")
    assert admit_request(SUBJECT).limit == 7


def test_without_a_limit_there_are_no_headers(in_acme: Any) -> None:
    set_quota("requests_per_minute", None, actor="system:tests")
    assert admit_request(SUBJECT).headers() == {}


def test_headers_name_limit_and_rest(three_a_minute: Any) -> None:
    headers = admit_request(SUBJECT).headers()
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("3", "2")
    assert 0 < int(headers["X-RateLimit-Reset"]) <= 62


def test_the_overview_shows_the_last_minute_of_who_asks(three_a_minute: Any) -> None:
    admit_request(SUBJECT)
    use = next(use for use in usage_overview(SUBJECT) if use.quota.name == "requests_per_minute")
    assert (use.used, use.limit) == (Decimal(1), Decimal(3))


@pytest.mark.promise("TEN-4")
def test_an_old_socket_of_a_suspended_organization_is_refused(in_acme: Any, acme: Any) -> None:
    with platform_context():
        Organization.objects.filter(pk=acme.pk).update(status="suspended")
    with pytest.raises(TenantSuspended):
        admit_request(SUBJECT)


def test_without_redis_nobody_is_let_through(in_acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    monkeypatch.setattr(admission, "_script", lambda: gone.register_script(admission.SCRIPT))
    with pytest.raises(LimitsUnavailable) as refused:
        admit_request(SUBJECT)
    assert refused.value.status == 503


def test_parallel_requests_stop_at_the_limit(founded: Callable[..., Any]) -> None:
    organization = founded()
    with tenant_context(organization):
        set_quota("requests_per_minute", Decimal(9), actor="system:tests")
    results = at_once(organization, 20, lambda: admit_request(SUBJECT))
    assert sum(isinstance(result, QuotaExceeded) for result in results) == 11
