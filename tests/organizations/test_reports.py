import hashlib

import pytest
from django.db import DatabaseError, transaction

from organizations.models.reports import SealedReport
from organizations.services.reports import Sealing, seal


@pytest.fixture
def sealed(organization) -> SealedReport:
    content = b"<html>report</html>"
    return seal(
        organization=organization,
        sealing=Sealing(organization, "Scan 1 of web-1", "html", "text/html", "report.html", content),
    )


def test_sealed_report_keeps_bytes_and_sum(sealed):
    stored = SealedReport.objects.get(report_id=sealed.report_id)
    assert hashlib.sha256(stored.content).hexdigest() == stored.sha256
    assert len(stored.report_id) == 32


def test_sealed_report_cannot_be_changed(sealed):
    with pytest.raises(DatabaseError, match="sealed report"), transaction.atomic():
        SealedReport.objects.update(content=b"forged")


@pytest.mark.parametrize(
    ("report_id", "sha256", "match"),
    [("right", "right", True), ("right", "0" * 64, False), ("0" * 32, "right", False), ("0" * 32, "0" * 64, False)],
)
def test_only_id_and_sum_together_match(api, client, sealed, report_id, sha256, match):
    given = {
        "report_id": sealed.report_id if report_id == "right" else report_id,
        "sha256": sealed.sha256 if sha256 == "right" else sha256,
    }
    answer = api.get(f"/api/v1/reports/{given['report_id']}/verify/", {"sha256": given["sha256"]})
    assert answer.json() == {"match": match}
    page = client.post("/verify/", given).content.decode()
    assert ("No match." not in page) is match
    assert "web-1" not in page


@pytest.mark.parametrize("sha256", ["", "xyz", "0" * 63, "ü" * 64])
def test_bad_sum_is_named(api, client, sealed, sha256):
    answer = api.get(f"/api/v1/reports/{sealed.report_id}/verify/", {"sha256": sha256})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["sha256"])
    page = client.post("/verify/", {"report_id": sealed.report_id, "sha256": sha256})
    assert page.status_code == 200
    assert "atch." not in page.content.decode()


def test_guessing_is_slowed(client, sealed):
    given = {"report_id": "0" * 32, "sha256": "0" * 64}
    answers = [client.post("/verify/", given).status_code for _ in range(22)]
    assert answers[:20] == [200] * 20
    assert answers[20:] == [429, 429]
