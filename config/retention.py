"""Who prunes: one function of each app that keeps rows for a time only, taking ``now``, giving {what: count}."""

from cloudbench.services import retention as cloudbench
from compliance.services import retention as compliance
from organizations.services import retention as organizations

PRUNERS = (organizations.prune, compliance.prune, compliance.sweep_blobs, cloudbench.prune)
