"""Members, as pages name them."""

from django.db.models import QuerySet

from organizations.models.memberships import Membership
from organizations.models.users import User
from organizations.permissions import in_reach_of


def admins_in_reach(user: User) -> QuerySet[User]:
    """Return the active admins of the organizations of ``user``: whom to ask for a permission."""
    admins = Membership.objects.filter(organization__in=in_reach_of(user), role=Membership.Role.ADMIN)
    return User.objects.filter(pk__in=admins.values("user"), is_active=True)
