"""What billing refuses."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

from django.utils import timezone

from tenants.exceptions import Refusal, ServiceUnavailable

if TYPE_CHECKING:
    from billing.limits import Quota

WHO_MAY_CHANGE = "An owner or admin can choose another plan under Settings, Plan; platform staff can raise the limit."


class QuotaExceeded(Refusal):
    """A quota is used up. Names the limit, the usage, when it resets, and who may change it."""

    status = 429
    type = "quota-exceeded"
    title = "Quota exceeded"

    def __init__(self, quota: Quota, *, limit: Decimal, usage: Decimal, resets_at: datetime | None, plan: str) -> None:
        self.limit_name = quota.name
        self.limit = limit
        self.usage = usage
        self.resets_at = resets_at
        self.quota = quota
        self.plan = plan
        super().__init__(
            f"{self._sentence()} {self._reset_sentence()} {WHO_MAY_CHANGE}",
            extra={
                "limit_name": quota.name,
                "limit": quota.plain(limit),
                "usage": quota.plain(usage),
                "resets_at": resets_at.isoformat().replace("+00:00", "Z") if resets_at else None,
                **({"retry_after_s": self._seconds_left()} if resets_at else {}),
                "plan": plan,
                "who_may_change": WHO_MAY_CHANGE,
            },
        )

    def _seconds_left(self) -> int:
        return max(1, ceil((self.resets_at - timezone.now()).total_seconds())) if self.resets_at else 0

    def _sentence(self) -> str:
        limit, usage = self.quota.words(self.limit), self.quota.words(self.usage)
        return f"The limit is {limit} {self.quota.unit} ({self.plan} plan); {usage} {self.quota.used_words}."

    def _reset_sentence(self) -> str:
        if self.resets_at is None:
            return self.quota.free_words
        return f"It resets on {self.resets_at:%-d %B %Y at %H:%M:%S} UTC."


class QuotaTooSmall(Refusal):
    """The chosen plan allows less than is in use."""

    status = 409
    type = "plan-too-small"
    title = "This plan is too small for what is in use"


class NoPlan(ServiceUnavailable):
    """An organization without a subscription may spend nothing."""

    type = "no-plan"
    title = "This organization has no plan"


class LimitsUnavailable(ServiceUnavailable):
    """The limits cannot be checked, so nothing that costs is let through."""

    type = "limits-unavailable"
    title = "Limits cannot be checked at the moment"
