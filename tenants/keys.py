"""API keys: making, finding, rotating, revoking."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.chain import record
from tenants import permissions
from tenants.context import current_tenant, current_tenant_or_none, on_commit, platform_context
from tenants.exceptions import Invalid
from tenants.models import ApiKey, User
from tenants.revocation import announce_key
from tenants.scope import Tenant

MARK = "ork"
LAST_USED_EVERY = timedelta(minutes=1)
DEFAULT_LIFETIME = timedelta(days=90)
DEFAULT_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewKey:
    """What the maker of a key chooses; networks are CIDR strings."""

    name: str
    scopes: Sequence[str] = permissions.DEFAULT_SCOPES
    lifetime: timedelta = DEFAULT_LIFETIME
    allowed_networks: Sequence[str] = ()
    denied_networks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class KeyUser:
    """An API key as `request.user`: same questions as a person's."""

    id: int
    public_id: UUID
    name: str
    tenant: Tenant
    scopes: frozenset[str]

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    @property
    def pk(self) -> int:
        return self.id

    @property
    def actor(self) -> str:
        return f"key:{self.public_id}"

    @property
    def display_name(self) -> str:
        return self.name

    def __str__(self) -> str:
        return f"key {self.name}"

    def has_perm(self, perm: str, obj: object = None) -> bool:
        tenant = current_tenant_or_none()
        return tenant is not None and tenant.id == self.tenant.id and permissions.scopes_allow(self.scopes, perm)


def hash_key(key: str) -> str:
    # A key carries 256 bits of entropy: a fast hash is enough, and it is on the path of every call.
    return hashlib.sha256(key.encode()).hexdigest()


def check_scopes(scopes: Sequence[str]) -> list[str]:
    """Return the scopes without doubles, in the table's order. Raises Invalid with the allowed ones."""
    unknown = sorted(set(scopes) - set(permissions.SCOPES))
    if unknown or not scopes:
        allowed = ", ".join(permissions.SCOPES)
        words = f"Unknown scope: {', '.join(unknown)}." if unknown else "Choose at least one scope."
        raise Invalid(f"{words} Allowed are {allowed}.", errors={"scopes": [f"{words} Allowed are {allowed}."]})
    return [scope for scope in permissions.SCOPES if scope in scopes]


def check_networks(field: str, networks: Sequence[str]) -> list[str]:
    """Return networks in canonical form. Raises Invalid naming the first that is none."""
    checked = []
    for network in networks:
        try:
            checked.append(str(ipaddress.ip_network(network.strip(), strict=False)))
        except ValueError:
            words = f"“{network}” is not a network such as 203.0.113.0/24 or 2001:db8::/32."
            raise Invalid(words, errors={field: [words]}) from None
    return checked


def create_key(new: NewKey, *, actor: str, created_by: User | None = None) -> tuple[ApiKey, str]:
    """Make a key for the current tenant; returns the row and the key itself, which is never shown again.

    Writes `tenants.key.created` to the chain in the same transaction. Raises Invalid for bad input.
    """
    tenant = current_tenant()
    name = new.name.strip()
    if not name or len(name) > 100:
        raise Invalid("A key needs a name of 1 to 100 characters.", errors={"name": ["1 to 100 characters."]})
    if not timedelta(0) < new.lifetime <= timedelta(days=3650):
        raise Invalid("A key lives up to 3,650 days.", errors={"expires_in_days": ["1 to 3650."]})
    scopes = check_scopes(new.scopes)
    networks = {field: check_networks(field, getattr(new, field)) for field in ("allowed_networks", "denied_networks")}
    prefix = f"{MARK}_{secrets.token_hex(5)}"
    key = f"{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        # Keys of all tenants stand in public, where a tenant's role sees none of them.
        with platform_context():
            row = ApiKey.objects.create(
                organization_id=tenant.id,
                name=name,
                prefix=prefix,
                key_hash=hash_key(key),
                scopes=scopes,
                created_by=created_by,
                expires_at=timezone.now() + new.lifetime,
                **networks,
            )
        record(
            action="tenants.key.created",
            target=f"tenants.key:{row.public_id}",
            actor=actor,
            payload={
                "name": name,
                "prefix": prefix,
                "scopes": scopes,
                "expires_at": row.expires_at.isoformat(),
                **networks,
            },
        )
    return row, key


def list_keys() -> list[ApiKey]:
    """Keys of the current tenant, newest first, revoked and expired ones included."""
    tenant = current_tenant()
    with platform_context():
        return list(ApiKey.objects.filter(organization_id=tenant.id).select_related("created_by", "replaced_by"))


def find_key(public_id: UUID | str) -> ApiKey | None:
    """A key of the current tenant by its public id."""
    tenant = current_tenant()
    with platform_context():
        return ApiKey.objects.filter(organization_id=tenant.id, public_id=public_id).first()


def revoke_key(key: ApiKey, *, actor: str) -> bool:
    """End a key at once; False when it was revoked before. Writes `tenants.key.revoked`."""
    with transaction.atomic():
        with platform_context():
            changed = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
        if changed:
            record(
                action="tenants.key.revoked",
                target=f"tenants.key:{key.public_id}",
                actor=actor,
                payload={"name": key.name, "prefix": key.prefix},
            )
            on_commit(announce_key, key.public_id)
    return bool(changed)


def rotate_key(key: ApiKey, *, actor: str, overlap: timedelta = DEFAULT_OVERLAP) -> tuple[ApiKey, str]:
    """Make a successor with the same rights; the old key works for `overlap` more. Writes `tenants.key.rotated`."""
    if not key.is_usable:
        raise Invalid("Only a key that still works can be rotated. Make a new one.")
    with transaction.atomic():
        successor, secret = create_key(
            NewKey(key.name, key.scopes, DEFAULT_LIFETIME, key.allowed_networks, key.denied_networks), actor=actor
        )
        ends = min(key.expires_at, timezone.now() + overlap)
        with platform_context():
            ApiKey.objects.filter(pk=key.pk).update(expires_at=ends, replaced_by=successor)
        record(
            action="tenants.key.rotated",
            target=f"tenants.key:{key.public_id}",
            actor=actor,
            payload={"name": key.name, "successor": str(successor.public_id), "ends_at": ends.isoformat()},
        )
    return successor, secret


@dataclass(frozen=True, slots=True)
class KeyRefused:
    """Why a key does not open anything; `words` may be shown to its holder."""

    words: str


def authenticate_key(key: str, address: str = "") -> KeyUser | KeyRefused:
    """Find whose key this is. `address` is the caller's IP address, checked against the key's networks.

    Runs in the platform's context, since the key is what names the tenant.
    """
    prefix = "_".join(key.split("_", 2)[:2])
    if not key.startswith(f"{MARK}_") or len(key) > 100:
        return KeyRefused("This is not an API key of Orchestrall.")
    with platform_context():
        row = ApiKey.objects.select_related("organization").filter(prefix=prefix).first()
        if row is None or not hmac.compare_digest(row.key_hash, hash_key(key)):
            return KeyRefused("The API key is not known.")
        refusal = _refusal_of(row, address)
        if refusal:
            return KeyRefused(refusal)
        _note_use(row)
    return KeyUser(
        id=row.pk,
        public_id=row.public_id,
        name=row.name,
        tenant=row.organization.as_tenant(),
        scopes=frozenset(row.scopes),
    )


def _refusal_of(row: ApiKey, address: str) -> str:
    if row.revoked_at is not None:
        return "The API key was revoked."
    if row.expires_at <= timezone.now():
        return "The API key has expired."
    if row.denied_networks or row.allowed_networks:
        caller = _address(address)
        if caller is None or _within(caller, row.denied_networks):
            return "The API key may not be used from this address."
        if row.allowed_networks and not _within(caller, row.allowed_networks):
            return "The API key may not be used from this address."
    return ""


def _address(address: str) -> Any:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _within(address: Any, networks: Sequence[str]) -> bool:
    return any(address in ipaddress.ip_network(network) for network in networks)


def _note_use(row: ApiKey) -> None:
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > LAST_USED_EVERY:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)


def is_still_usable(key_id: int) -> bool:
    """Whether a key that was authenticated before still works now; for sockets and long streams."""
    with platform_context():
        return ApiKey.objects.filter(pk=key_id, revoked_at__isnull=True, expires_at__gt=timezone.now()).exists()
