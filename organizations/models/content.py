from django.db import models


class LoadedContent(models.Model):
    """What of the shipped content this database holds, so that an unchanged start need not read it all again."""

    name = models.CharField(max_length=60, unique=True)
    sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
