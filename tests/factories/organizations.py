"""Rows of the floor. ``member`` makes a user who may do exactly what is named."""

import factory
from django.contrib.auth.hashers import make_password

from organizations import audit, permissions
from organizations.models.audit import AuditEvent
from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.reports import SealedReport
from organizations.models.tokens import ApiToken
from organizations.models.users import SystemActor, User

PASSWORD = "correct horse battery staple"
SYSTEM = SystemActor("tests")


class OrganizationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")
    slug = factory.Sequence(lambda n: f"organization-{n}")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership
        skip_postgeneration_save = True

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Membership.Role.VIEWER

    @factory.post_generation
    def groups(membership, create: bool, extracted: object, **kwargs: object) -> None:  # noqa: N805
        permissions.put_in_role(membership.user, membership.organization, membership.role)


class ApiTokenFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ApiToken

    name = factory.Sequence(lambda n: f"token {n}")
    user = factory.SubFactory(UserFactory)
    organization = factory.SubFactory(OrganizationFactory)

    @classmethod
    def _create(cls, model_class: type[ApiToken], *args: object, **kwargs: object) -> ApiToken:
        token, token.key = model_class.objects.create(*args, **kwargs)
        return token


class SealedReportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SealedReport

    organization = factory.SubFactory(OrganizationFactory)
    format = "json"
    media_type = "application/json"
    filename = "report.json"
    subject_kind = "organizations.organization"
    subject_id = "1"
    subject_label = "A report"
    content = b"{}"
    sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


class AuditEventFactory(factory.django.DjangoModelFactory):
    """An event as the audit log itself writes it."""

    class Meta:
        model = AuditEvent

    organization = factory.SubFactory(OrganizationFactory)

    @classmethod
    def _create(cls, model_class: type[AuditEvent], organization: Organization) -> AuditEvent:
        return audit.record(actor=SYSTEM, action="organization.changed", subject=organization)


def member(organization: Organization, *codenames: str, role: str = Membership.Role.VIEWER) -> User:
    """Return a fresh member of ``organization`` in ``role``, with ``codenames`` granted beside it."""
    user = MembershipFactory(organization=organization, role=role).user
    for codename in codenames:
        permissions.grant(user, codename, organization)
    return user
