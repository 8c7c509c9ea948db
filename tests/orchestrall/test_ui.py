"""Template tags, by table."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django import forms
from django.conf import settings
from django.template import Context, Template

from orchestrall.templatetags import ui

NOON = datetime(2026, 11, 20, 14, 32, 8, tzinfo=UTC)


def render(source: str, **context: Any) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (None, "–"),
        (0, "$0.00"),
        (Decimal("0.0002"), "$0.0002"),
        (Decimal("0.00017"), "$0.00017"),
        (Decimal("0.0000012345"), "$0.0000012"),
        (Decimal("0.0018"), "$0.0018"),
        (Decimal("0.003"), "$0.0030"),
        (Decimal("0.00996"), "$0.0100"),
        (Decimal("0.129"), "$0.1290"),
        (Decimal("0.5"), "$0.50"),
        (Decimal("0.99999"), "$1.00"),
        (Decimal("1E-10"), "$0.0000000001"),
        (Decimal("0.0213"), "$0.0213"),
        (Decimal("0.74"), "$0.74"),
        (Decimal("0.7412"), "$0.7412"),
        (Decimal("1"), "$1.00"),
        (Decimal("14.285"), "$14.29"),
        (Decimal("2400"), "$2,400.00"),
        (Decimal("-0.0034"), "-$0.0034"),
        ("0.0034000000", "$0.0034"),
    ],
)
def test_it_writes_an_amount_as_it_is(amount: Any, written: str) -> None:
    assert ui.money(amount) == written


@pytest.mark.parametrize(
    ("fraction", "written"),
    [(None, "–"), (0, "0 %"), (0.62, "62 %"), (0.004, "0.4 %"), (0.996, "99.6 %"), (1, "100 %"), (0.123, "12 %")],
)
def test_a_share_that_is_something_never_reads_as_nothing_or_all(fraction: Any, written: str) -> None:
    assert ui.percent(fraction).replace("\u00a0", " ") == written


@pytest.mark.parametrize(
    ("milliseconds", "written"), [(None, "–"), (0, "0 ms"), (340.4, "340 ms"), (1600, "1.6 s"), (125_000, "2 min 5 s")]
)
def test_it_writes_a_duration(milliseconds: Any, written: str) -> None:
    assert ui.latency(milliseconds).replace("\u00a0", " ") == written


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOON, "14:32:08"),
        (NOON - timedelta(days=1), "19 Nov 14:32"),
        (NOON - timedelta(days=400), "16 Oct 2025"),
    ],
)
def test_a_moment_is_as_short_as_it_stays_clear(moment: datetime, words: str) -> None:
    with time_machine.travel(NOON, tick=False):
        assert f">{words}</time>" in ui.when(moment)


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(seconds=3), "now"),
        (timedelta(seconds=42), "42 s ago"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=2), "2 d ago"),
        (-timedelta(minutes=42), "in 42 min"),
    ],
)
def test_a_distance_in_time_is_one_figure(gap: timedelta, words: str) -> None:
    with time_machine.travel(NOON, tick=False):
        assert f">{words}</time>" in ui.ago(NOON - gap).replace("\u00a0", " ")


def test_times_of_other_zones_are_shown_in_utc() -> None:
    assert ui.clock(datetime.fromisoformat("2026-11-20T16:32:08+02:00")) == "14:32:08"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Alice Okafor", "AO"), ("owner@acme.example", "O"), ("Anna Maria Berg", "AB"), ("Ólafur", "Ó"), ("", "?")],
)
def test_a_person_has_initials(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_a_bar_shares_its_width_by_amount() -> None:
    drawn = render("{% bar small=3 large=1 %}")
    assert re.findall(r'class="(\w+)" x="([\d.]+)" width="([\d.]+)"', drawn) == [
        ("small", "0", "75"),
        ("large", "75", "25"),
    ]


def test_a_bar_of_money_ends_with_what_was_saved() -> None:
    drawn = render("{% bar small=1 large=2 saved=7 %}")
    assert re.findall(r'rect class="(\w+)"', drawn) == ["large", "small", "saved"]


def test_a_bar_never_leaves_its_frame() -> None:
    assert 'width="100"' in render("{% bar of=10 ink=25 %}")


def test_a_bar_of_nothing_is_empty() -> None:
    assert "rect" not in render("{% bar small=0 large=None %}")


def test_an_icon_that_is_not_in_the_sprite_becomes_a_note() -> None:
    assert "#note" in render("{% icon 'no-such-icon' %}")


def test_words_of_users_are_escaped_wherever_a_tag_writes_them() -> None:
    evil = '"><script>'
    for source in ("{% chip x %}", "{% icon 'bell' label=x %}", "{% bar small=1 label=x %}", "{% person_mark x %}"):
        assert "<script>" not in render(source, x=evil)


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    named = set()
    for path in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        named |= set(re.findall(r"""{% (?:icon|agent_mark) ["']([\w-]+)["']""", path.read_text()))
    assert named - ui.icon_names() == set()


def test_no_template_holds_an_inline_style_or_script() -> None:
    inline = re.compile(
        r"""\sstyle=|\son\w+=["']|<style|<script(?![^>]*(?:\ssrc=|type="application/json"))|javascript:"""
    )
    found = {
        path.name: inline.findall(path.read_text())
        for path in Path(settings.BASE_DIR, "templates").rglob("*.html")
        if inline.search(path.read_text())
    }
    assert found == {}


class ExampleForm(forms.Form):
    name = forms.CharField(help_text="As others see it.", widget=forms.TextInput(attrs={"placeholder": "Name"}))
    colour = forms.ChoiceField(choices=[("a", "A")], required=False)
    agree = forms.BooleanField()


def test_a_refused_field_is_tied_to_its_hint_and_its_error() -> None:
    drawn = render('{% include "parts/_form.html" %}', form=ExampleForm({}))
    assert 'aria-describedby="id_name_helptext id_name_error"' in drawn
    assert 'id="id_name_error"' in drawn
    assert 'id="id_name_helptext"' in drawn
    assert 'aria-invalid="true"' in drawn


def test_a_placeholder_that_repeats_the_label_is_dropped() -> None:
    assert "placeholder" not in render('{% include "parts/_form.html" %}', form=ExampleForm())


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown"),
    ],
)  # fmt: skip
def test_a_browser_has_a_name(agent: str, words: str) -> None:
    assert ui.browser(agent) == words
