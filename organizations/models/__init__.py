from organizations.models.audit import AuditChain, AuditEvent
from organizations.models.content import LoadedContent
from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.reports import ReportRequest, SealedReport
from organizations.models.tokens import ApiToken
from organizations.models.users import User

__all__ = [
    "ApiToken",
    "AuditChain",
    "AuditEvent",
    "LoadedContent",
    "Membership",
    "Organization",
    "ReportRequest",
    "SealedReport",
    "User",
]
