"""Secrets are masked here and nowhere else: the one place where payloads are turned into bytes.

Two nets. A value under a name that says secret (`password`, `api_key`, `access_token`) is masked whole; and whatever
looks like a credential is masked inside any text. Names of things that merely speak about secrets (`input_tokens`,
`key_id`, `has_password`) are left alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

MASK = "[masked]"
SHORTEST = 8  # no credential that is known by its looks is shorter: a://u:p@

_SECRET_WORDS = {
    "password", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "credential", "credentials",
    "authorization", "cookie", "cookies", "otp", "totp", "pin", "cvc", "cvv", "apikey",
}  # fmt: skip
# `key` alone names many harmless things (a sort key, `tenants.key`); with one of these before it, it opens doors.
_KEY_KINDS = {"api", "private", "secret", "access", "signing", "encryption", "session", "master", "client", "raw"}
_RECOVERY = {("recovery", "code"), ("recovery", "codes"), ("backup", "codes"), ("connection", "string")}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_LOOKS_SECRET = re.compile(
    r"""
    \bork_[0-9a-f]{10}_[A-Za-z0-9_-]{20,}          # our own API keys
    | \b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}         # OpenAI, Anthropic, Stripe
    | \bgh[opsur]_[A-Za-z0-9]{20,}                 # GitHub
    | \bxox[abprs]-[A-Za-z0-9-]{10,}               # Slack
    | \bAKIA[0-9A-Z]{16}\b                         # AWS
    | \bAIza[A-Za-z0-9_-]{30,}                     # Google
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*   # JSON Web Tokens
    | \b[Bb]earer\s+[A-Za-z0-9._~+/=-]{8,}
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    | (?<=://)[^\s/:@]{1,256}:[^\s/@]{1,256}(?=@)  # user:password in an address
    """,
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a key names a secret: `newPassword`, `api_key`, `client-secret`, but not `input_tokens` or `key_id`."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    if words[-1] in _SECRET_WORDS:
        return words[0] not in {"has", "is", "needs", "max", "min"}
    pair = tuple(words[-2:])
    return pair in _RECOVERY or (len(pair) == 2 and pair[1] in {"key", "keys"} and pair[0] in _KEY_KINDS)


def masked(value: Any) -> Any:
    """Return the value with secrets replaced by `[masked]`."""
    if isinstance(value, dict):
        return {key: _hidden(item) if is_secret_name(key) else masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str):
        return mask_text(value)
    return value


def mask_text(text: str) -> str:
    """Mask what looks like a credential inside a text."""
    return _LOOKS_SECRET.sub(MASK, text) if len(text) >= SHORTEST else text


def _hidden(value: Any) -> Any:
    """Mask every leaf under a secret name; the shape stays, and so do yes, no and nothing."""
    if isinstance(value, dict):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    return MASK
