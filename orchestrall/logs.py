"""How the product logs: a line of JSON for machines or a line of text for people, and never a secret in either."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import structlog

from tenants import scope

request_id: ContextVar[str] = ContextVar("orchestrall_request_id", default="")

HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"pass(word|wd)?$|secret|token$|authorization|cookie|api_?key$|credential|private", re.IGNORECASE
)
# Each pattern's first group stays, what follows it is hidden.
_SECRET_TEXTS = (
    re.compile(r"(\b(?:Bearer|Basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"(\b(?:sk|ork|ghp|xox[abp])[-_])[\w-]{8,}"),
    re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)", re.IGNORECASE),
    re.compile(
        r"(\b(?:sessionid|csrftoken|password|secret|api_?key|access_token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&}]+",
        re.IGNORECASE,
    ),
)
# What a LogRecord has by itself; anything else came by `extra=`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Hide keys, tokens, passwords and cookies in a text."""
    for pattern in _SECRET_TEXTS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the record's extra fields, those with a secret's name hidden."""
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD and not name.startswith("_")}
    # Django puts the request itself into its records.
    extra.pop("request", None)
    return {name: HIDDEN if _SECRET_NAME.search(name) else value for name, value in extra.items()}


class Context(logging.Filter):
    """Adds to each record for whom it was written: request and tenant."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Fill in what the record does not say itself; never drops one."""
        if identifier := request_id.get():
            vars(record).setdefault("request_id", identifier)
        if tenant := scope.tenant_or_none():
            vars(record).setdefault("tenant_id", str(tenant.id))
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # Redacted before it is encoded: afterwards a quote inside a text would look different.
        return json.dumps({name: _redacted(value) for name, value in entry.items()}, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """A short line for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the traceback below it."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        fields = "".join(f" {name}={value}" for name, value in fields_of(record).items() if value not in ("", None))
        line = f"{at} {level}{record.name}: {record.getMessage()}{fields}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redact(line)


def _redacted(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def join_structlog() -> None:
    """Send what is logged through structlog down the same way, so that it is formatted and redacted like the rest."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            # `log.exception` and `exc_info=True` mean the same to both libraries.
            structlog.stdlib.render_to_log_kwargs,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_config(style: str, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything to standard error, in `style` (`json` or `text`)."""
    formatter = {"json": "orchestrall.logs.JsonFormatter", "text": "orchestrall.logs.TextFormatter"}[style]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "orchestrall.logs.Context"}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["context"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print each line twice.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # A 404 or a refused request is the visitor's affair; the request log has the line.
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            # Celery's lines show the arguments of jobs; ours do not.
            "celery": {"level": "WARNING"},
            "daphne": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "openai": {"level": "WARNING"},
        },
    }
