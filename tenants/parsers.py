"""Request bodies with bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, ClassVar

from django.conf import settings
from rest_framework import exceptions
from rest_framework.parsers import JSONParser

MAX_DEPTH = 40


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_detail = f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes."
    default_code = "too_large"


def parse_json(body: bytes) -> Any:
    """Parse a request body; raises ValueError with words for people when it is no JSON or nested too deep."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    except UnicodeDecodeError:
        raise ValueError("The body is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"The body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    if _deeper_than(value, MAX_DEPTH):
        raise ValueError(f"The body is nested deeper than {MAX_DEPTH} levels.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"The body is no JSON: {name} is not a JSON number.")


def _deeper_than(value: Any, limit: int) -> bool:
    layer = [value]
    for _ in range(limit):
        layer = [
            child
            for item in layer
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not layer:
            return False
    return any(isinstance(item, dict | list) for item in layer)


class BoundedJSONParser(JSONParser):
    """JSON of at most 1 MiB and 40 levels."""

    max_bytes: ClassVar[int] = settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(self.max_bytes + 1)
        if len(body) > self.max_bytes:
            raise BodyTooLarge
        try:
            value = parse_json(body)
        except ValueError as error:
            raise exceptions.ParseError(str(error)) from None
        if not all(is_unicode(text) and "\0" not in text for text in every_text(value)):
            # Here for all fields: not each one that is compared with rows looks for what PostgreSQL cannot store.
            raise exceptions.ParseError("The body holds a character that is no text: NUL or half a surrogate pair.")
        return value


def every_text(value: Any) -> Iterator[str]:
    """Yield every string of a JSON value, keys included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += (*item, *item.values())
        elif isinstance(item, list):
            waiting += item


def is_unicode(text: str) -> bool:
    """Whether a text can be encoded. JSON can spell half a surrogate pair, which is no character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
