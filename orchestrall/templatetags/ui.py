"""What templates draw with: icons, marks, bars, amounts, times, agents and people.

Amounts are written as they are, times are UTC on a 24-hour clock, and colour never stands without a shape or a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path

from django import forms, template
from django.conf import settings
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from agents.chat.markdown import render_markdown

register = template.Library()

NOTHING = "–"
FALLBACK_ICON = "note"
BAR_ORDER = ("large", "small", "cached", "saved", "error", "warn", "accent", "ink")
Number = Decimal | float | int


@lru_cache(maxsize=1)
def icon_names() -> frozenset[str]:
    """Return the names the sprite holds."""
    sprite = Path(settings.BASE_DIR) / "static" / "img" / "icons.svg"
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite.read_text()))


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """Draw one icon of the sprite. `size` is "s", "l" or nothing; with `label` it speaks, else it is decoration.

    A name the sprite does not hold becomes a note: agents of plug-ins may bring names of their own.
    """
    shown = name if name in icon_names() else FALLBACK_ICON
    css = f"icon icon-{size}" if size else "icon"
    url = static("img/icons.svg")
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"/></svg>', css, label, url, shown
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, url, shown)


@register.simple_tag
def mark(kind: str) -> SafeString:
    """Draw the shape of small, large, cached, saved, error, baseline, spent, forecast or band, beside a word."""
    return format_html('<span class="o-mark o-mark-{}" aria-hidden="true"></span>', kind)


@register.simple_tag
def bar(of: Number | None = None, size: str = "", label: str = "", **parts: Number | None) -> SafeString:
    """Draw a bar of named parts (`small=3 large=1`), each as wide as its share of `of` (default: of their sum).

    With `label` the bar is announced, without it the figures beside it are.
    """
    amounts = {name: float(parts.get(name) or 0) for name in _in_order(parts)}
    total = float(of) if of else sum(amounts.values())
    described = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    css = f"o-bar o-bar-{size}" if size else "o-bar"
    return format_html(
        '<svg class="{}" viewBox="0 0 100 1" preserveAspectRatio="none" {}>{}</svg>',
        css,
        described,
        _rects(amounts, total),
    )


def _in_order(parts: Mapping[str, object]) -> list[str]:
    if "saved" in parts:
        return [name for name in BAR_ORDER if name in parts]
    order = ("small", *BAR_ORDER)  # queries read small, large, cached; money reads large, small, saved
    return [name for index, name in enumerate(order) if name in parts and name not in order[:index]]


def _rects(amounts: Mapping[str, float], total: float) -> SafeString:
    drawn, start = [], 0.0
    for name, amount in amounts.items():
        width = min(100 * amount / total, 100 - start) if total > 0 else 0
        if width > 0:
            drawn.append((name, f"{start:.4g}", f"{width:.4g}"))
            start += width
    return format_html_join("", '<rect class="{}" x="{}" width="{}" height="1"/>', drawn)


@register.filter
def money(value: Number | str | None) -> str:
    """Write an amount in dollars: cents from 1 on, four decimals below, and more where those would say nothing.

    Whole cents stay cents ($0.74); what is below a cent keeps two significant digits ($0.000087).
    """
    if value is None or value == "":
        return NOTHING
    amount = Decimal(str(value))
    size = abs(amount)
    places = 2 if size >= 1 or size == 0 else max(4, 1 - size.adjusted())
    text = f"{size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals[:4] + decimals[4:].rstrip("0")
    if size >= Decimal("0.01"):
        decimals = decimals.removesuffix("00") if len(decimals) == 4 else decimals
    return f"{'-' if amount < 0 else ''}${whole}.{decimals}"


@register.filter
def count(value: Number | None) -> str:
    """Write a whole number with thousands: 4,812."""
    return NOTHING if value is None else f"{int(value):,}"


@register.filter
def percent(value: Number | None, places: int = 0) -> str:
    """Write a fraction in [0, 1] as "62 %". What is not nothing never reads as 0 %, nor what is not all as 100 %."""
    if value is None:
        return NOTHING
    share = float(value) * 100
    text = f"{share:.{places}f}"
    if (share > 0 and float(text) == 0) or (share < 100 and float(text) == 100):
        text = f"{share:.{places + 1}f}"
    return f"{text}\u00a0%"


@register.filter
def share_of(part: Number | None, whole: Number | None) -> float | None:
    """Return part / whole, or None where there is no whole."""
    return float(part or 0) / float(whole) if whole else None


@register.filter
def latency(milliseconds: Number | None) -> str:
    """Write a duration in milliseconds: 340 ms, 1.6 s, 2 min 5 s."""
    if milliseconds is None:
        return NOTHING
    if milliseconds < 1000:
        return f"{round(milliseconds)}\u00a0ms"
    seconds = float(milliseconds) / 1000
    if seconds < 60:
        return f"{seconds:.1f}\u00a0s"
    return f"{int(seconds // 60)}\u00a0min {int(seconds % 60)}\u00a0s"


@register.filter
def clock(moment: datetime | None) -> str:
    """Write the time of day in UTC: 14:32:08."""
    return f"{moment.astimezone(UTC):%H:%M:%S}" if moment else NOTHING


@register.filter
def day(moment: datetime | date | None) -> str:
    """Write a date: 20 November 2026."""
    if moment is None:
        return NOTHING
    shown = moment.astimezone(UTC) if isinstance(moment, datetime) else moment
    return f"{shown.day} {shown:%B %Y}"


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """Write a moment as short as it stays clear: the time if today, else the day; the full moment is in the title."""
    if moment is None:
        return NOTHING
    local, now = moment.astimezone(UTC), timezone.now()
    if local.date() == now.date():
        text = f"{local:%H:%M:%S}"
    elif local.year == now.year:
        text = f"{local.day} {local:%b %H:%M}"
    else:
        text = f"{local.day} {local:%b %Y}"
    return _time(local, text)


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Write how long ago something was (or how far off it is), for what is glanced at."""
    if moment is None:
        return NOTHING
    gap = timezone.now() - moment
    text = _distance(abs(gap))
    if text != "now":
        text = f"{text} ago" if gap > timedelta(0) else f"in {text}"
    return _time(moment.astimezone(UTC), text)


def _distance(gap: timedelta) -> str:
    seconds = int(gap.total_seconds())
    if seconds < 10:
        return "now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size}\u00a0{unit}"
    return f"{seconds}\u00a0s"


def _time(moment: datetime, text: str) -> SafeString:
    title = f"{day(moment)}, {clock(moment)} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), title, text)


@register.simple_tag
def agent_mark(icon_name: str = "", size: str = "") -> SafeString:
    """Draw an agent: square, with its icon. The name stands beside it."""
    css = f"o-agent o-{size}" if size else "o-agent"
    return format_html('<span class="{}" aria-hidden="true">{}</span>', css, icon(icon_name or "headset"))


@register.simple_tag
def person_mark(name: str, size: str = "") -> SafeString:
    """Draw a person: round, with initials. The name stands beside it."""
    css = f"o-person o-{size}" if size else "o-person"
    return format_html('<span class="{}" aria-hidden="true">{}</span>', css, initials(name))


@register.filter
def initials(name: str) -> str:
    """Return one or two letters for a name or an e-mail address: AO."""
    words = re.findall(r"[^\W\d_]+", str(name).partition("@")[0])
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"))


@register.filter
def browser(user_agent: str) -> str:
    """Name the browser and system of a User-Agent header as people do: Firefox on Linux."""
    name = next((name for token, name in BROWSERS if token in user_agent), "")
    system = next((name for token, name in SYSTEMS if token in user_agent), "Linux" if "Linux" in user_agent else "")
    if not name:
        return user_agent[:60] or "Unknown"
    return f"{name} on {system}" if system else name


@register.simple_tag
def chip(text: object, kind: str = "") -> SafeString:
    """Draw a state as a word. Kinds: good, warn, bad, small, large, cached, accent, line, or none."""
    css = f"o-chip o-chip-{kind}" if kind else "o-chip"
    return format_html('<span class="{}">{}</span>', css, text)


@register.simple_tag
def prio(level: int) -> SafeString:
    """Draw a priority from 1 (critical) to 5 as four small bars; its name stands beside it."""
    return format_html('<span class="o-prio o-prio-{}" aria-hidden="true"><i></i><i></i><i></i><i></i></span>', level)


# allauth's words in ours; its forms are used as they are.
LABELS = {
    "Email": "E-mail address",
    "Current Password": "Current password",
    "New Password": "New password",
    "New Password (again)": "New password, once more",
    "Passwordless": "Sign in with this key alone",
    "Authenticator code": "Code",
}


@register.filter
def label_of(field: BoundField) -> str:
    """Return a field's label in the product's words."""
    return LABELS.get(str(field.label), str(field.label))


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """Draw a form's control in the look of the house; Django ties its hint and errors to it."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple | forms.RadioSelect):
        return field.as_widget()
    if isinstance(widget, forms.CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, forms.Select):
        css = "form-select"
    else:
        css = "form-control"
    given = widget.attrs.get("class", "")
    invalid = " is-invalid" if field.errors else ""
    placeholder = str(widget.attrs.get("placeholder", "")).lower()
    if any(label.lower() in placeholder for label in (str(field.label), label_of(field))):
        widget.attrs.pop("placeholder", None)  # it would only repeat the label
    return field.as_widget(attrs={"class": f"{css} {given}{invalid}".strip()})


@register.filter
def markdown_safe(text: str | None) -> SafeString:
    """Render Markdown as HTML that may be shown: no raw HTML, no images, links without referrer."""
    return SafeString(render_markdown(text or ""))
