"""The filters of the log's page."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.utils import timezone

from audit import actions
from audit.search import Filters

WHO = [
    ("", "Anyone"),
    ("me", "Me"),
    ("person:", "People"),
    ("key:", "API keys"),
    ("agent:", "Agents"),
    ("system:", "The system"),
]
WHEN = [("", "Any time"), ("today", "Today"), ("7", "The last 7 days"), ("30", "The last 30 days")]


class FilterForm(forms.Form):
    """Words, action, who and when; every field may be left out."""

    q = forms.CharField(required=False, max_length=200, strip=True)
    action = forms.CharField(required=False, max_length=100)
    actor = forms.CharField(required=False, max_length=80)
    target = forms.CharField(required=False, max_length=255)
    when = forms.ChoiceField(required=False, choices=WHEN)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False, validators=[MaxValueValidator(date.max - timedelta(days=1))])

    def filters(self, me: str) -> Filters:
        """Return the valid filters; `me` is the reader's own actor."""
        data: dict[str, Any] = self.cleaned_data if self.is_valid() else getattr(self, "cleaned_data", {})
        since, until = _first_moment(data.get("since")), _first_moment(data.get("until"))
        actor = data.get("actor", "")
        return Filters(
            words=data.get("q", ""),
            action=data.get("action", ""),
            actor=me if actor == "me" else actor,
            target=data.get("target", ""),
            since=since or _since(data.get("when", "")),
            until=until + timedelta(days=1) if until else None,
        )


def _first_moment(day: Any) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None


def _since(when: str) -> datetime | None:
    if when == "today":
        return timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return timezone.now() - timedelta(days=int(when)) if when else None


def action_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The registered actions by app, for the filter's list."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in actions.registered():
        app, _, rest = name.partition(".")
        groups.setdefault(app, [(f"{app}.", f"All of {app}")]).append((name, rest.replace("_", " ").replace(".", " ")))
    return list(groups.items())
