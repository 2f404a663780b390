import pytest
from cryptography.fernet import Fernet
from django.db import connection, models
from django.test import override_settings

from organizations.lib import crypto
from organizations.models.secrets import EncryptedTextField
from organizations.services import secrets

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


class Box(models.Model):
    """A row with a secret, for these tests alone."""

    secret = EncryptedTextField(blank=True)

    class Meta:
        app_label = "organizations"
        managed = False
        db_table = "tests_box"


@pytest.fixture(autouse=True)
def _table(db):
    key = "integer PRIMARY KEY" if connection.vendor == "sqlite" else "serial PRIMARY KEY"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE tests_box (id {key}, secret text NOT NULL)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE tests_box")


def stored(box: Box) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM tests_box WHERE id = %s", [box.pk])
        return cursor.fetchone()[0]


def test_secret_is_unreadable_in_the_database():
    box = Box.objects.create(secret="hunter2 äöü")
    assert "hunter2" not in stored(box)
    assert Box.objects.get().secret == "hunter2 äöü"


def test_empty_secret_stays_empty():
    assert stored(Box.objects.create(secret="")) == ""
    assert Box.objects.get().secret == ""


def test_secret_cannot_be_filtered_on():
    with pytest.raises(TypeError, match="filtered"):
        Box.objects.filter(secret="hunter2").exists()


def test_rotation_moves_every_secret_to_the_newest_key(monkeypatch):
    monkeypatch.setattr(secrets, "CHUNK", 2)
    with override_settings(FIELD_ENCRYPTION_KEYS=[OLD]):
        Box.objects.bulk_create(Box(secret=f"secret {n}") for n in range(5))
        Box.objects.create(secret="")
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW, OLD]):
        assert secrets.rotate_secrets() == 5
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW]):
        assert [box.secret for box in Box.objects.order_by("pk")] == [*(f"secret {n}" for n in range(5)), ""]


def test_missing_key_is_an_error_not_an_empty_secret():
    with override_settings(FIELD_ENCRYPTION_KEYS=[OLD]):
        Box.objects.create(secret="hunter2")
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW]):
        with pytest.raises(crypto.Undecryptable):
            Box.objects.get()
        with pytest.raises(crypto.Undecryptable):
            secrets.rotate_secrets()
