"""Markdown of people and models, as HTML that may be shown.

Two locks, either of which would do: the parser drops raw HTML and images, and what it writes passes an allow-list.
Remote images stay out because a model can be talked into putting a conversation into an image's address.
"""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

MAX_CHARACTERS = 200_000  # past this a text is shown as it is: parsing is for reading, not for dumps
MAX_NESTING = 20
HEADINGS_BELOW = 3  # a message stands under the page's own headings: its first level is an h4
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    return parser.disable(["image", "html_inline", "html_block"])


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def render_markdown(text: str) -> str:
    """Return `text` as sanitised HTML: headings, lists, tables, code and links; everything else as plain words.

    The same function feeds pages and sockets, so a message looks alike before and after a reload.
    """
    if len(text) > MAX_CHARACTERS:
        return f"<pre>{nh3.clean_text(text)}</pre>"
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + HEADINGS_BELOW, 6)}"
    return _cleaner().clean(parser.renderer.render(tokens, parser.options, {}))
