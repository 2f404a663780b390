import io

import pytest
from django.core.management import call_command

from organizations.models.content import LoadedContent
from templates_app.models import Template


def prepared() -> str:
    out = io.StringIO()
    call_command("prepare", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_content_is_read_when_it_changed_and_not_otherwise():
    assert "cis-l1-linux" in prepared()
    loaded = Template.objects.count()
    assert prepared() == ""
    LoadedContent.objects.update(sha256="of an older release")
    assert "up to date" in prepared()
    assert Template.objects.count() == loaded > 0
