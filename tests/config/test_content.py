"""Loading of shipped content: an upgrade says what verdicts would flip on the last facts."""

import pytest

from config import content
from itsm.models import Alert
from tests.compliance.test_previews_services import recorded, scanned
from tests.factories.compliance import HostFactory
from tests.factories.content import shipped
from tests.factories.templates_app import published_template


@pytest.mark.django_db
def test_an_upgrade_lists_flips_and_fires_no_alert():
    check = next(one for one in shipped().checks.values() if one.probe and one.probe["kind"] == "sysctl")
    raw = check.model_dump(exclude_defaults=True)
    older = published_template([check.model_validate({**raw, "expect": {"ne": "7"}})], slug="cis-l1-linux")
    scanned(older, recorded("open"), HostFactory())
    alerts = Alert.objects.count()
    lines = list(content.load())
    flips = lines[next(number for number, line in enumerate(lines) if "verdicts flip on 1 of 1 hosts" in line) :]
    assert flips[0].startswith("CIS Level 1 Linux v2: ")
    assert f"  {check.id}: pass to fail on 1" in flips
    assert Alert.objects.count() == alerts
    assert not any("flip" in line for line in content.load())
