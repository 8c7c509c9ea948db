"""The demonstration: two organizations with their people and agents, and nothing that nobody did.

Passwords are published, so this exists only with the embedded servers on a loopback address.
"""

from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db import transaction

from tenants.context import platform_context
from tenants.models import Membership, Organization, User
from tenants.provisioning import NewOrganization, create_organization, provision

PASSWORD = "orchestrall"  # noqa: S105 - published on purpose
ACTOR = "system:demo"
STAFF = "admin@orchestrall.example"


@dataclass(frozen=True)
class DemoOrganization:
    """One organization and its people: (e-mail, name, member role), the owner first."""

    new: NewOrganization
    people: tuple[tuple[str, str, str], ...]


ORGANIZATIONS = (
    DemoOrganization(
        NewOrganization("Acme", "acme", "technology", "medium", options={"plan": "professional"}),
        (("owner@acme.example", "Olivia Owner", "owner"), ("viewer@acme.example", "Victor Viewer", "viewer")),
    ),
    DemoOrganization(
        NewOrganization("Meridian", "meridian", "healthcare", "large", options={"plan": "enterprise"}),
        (("owner@meridian.example", "Oscar Owner", "owner"),),
    ),
)


def seed(say: Callable[[str], object] = lambda line: None) -> None:
    """Make what is missing. An interrupted seeding goes on where it stopped; nothing that exists is changed.

    Runs only while there are no other organizations: who has founded their own needs no demonstration back.
    """
    with platform_context():
        if Organization.objects.exclude(slug__in=[demo.new.slug for demo in ORGANIZATIONS]).exists():
            return
        if not User.objects.filter(email=STAFF).exists():
            _confirm(User.objects.create_superuser(STAFF, PASSWORD, name="Ada Admin"))
        for demo in ORGANIZATIONS:
            _seed_organization(demo, say)


def _seed_organization(demo: DemoOrganization, say: Callable[[str], object]) -> None:
    organization = Organization.objects.filter(slug=demo.new.slug).first()
    if organization is None:
        say(f"Seeding the demo organization {demo.new.name} …")
        with transaction.atomic():
            owner, *others = [_person(email, name) for email, name, _ in demo.people]
            organization = create_organization(demo.new, actor=ACTOR, owner=owner)
            for person, (_, _, role) in zip(others, demo.people[1:], strict=True):
                Membership.objects.create(organization=organization, user=person, role=role)
    if organization.status in (Organization.Status.PROVISIONING, Organization.Status.FAILED):
        # Here and not in the worker, which runs later and then finds nothing left to do.
        provision(organization.id)


def _person(email: str, name: str) -> User:
    return User.objects.filter(email=email).first() or _confirm(User.objects.create_user(email, PASSWORD, name=name))


def _confirm(person: User) -> User:
    """Count the address as confirmed: nobody reads mail at it, and a second factor asks for that."""
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person
