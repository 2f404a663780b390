import threading

import pytest
from django.db import connection

from organizations import audit
from organizations.models.audit import AuditChain, AuditEvent
from organizations.selectors.audit import faults_in_chains
from tests.factories.organizations import SYSTEM, OrganizationFactory

THREADS, EACH = 4, 8


@pytest.mark.django_db(transaction=True)
def test_many_writers_make_one_unbroken_chain():
    organization, failures = OrganizationFactory(), []

    def write() -> None:
        try:
            for _ in range(EACH):
                audit.record(actor=SYSTEM, action="organization.changed", subject=organization)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(THREADS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert AuditEvent.objects.count() == AuditChain.objects.get().length == THREADS * EACH
    assert faults_in_chains() == []
