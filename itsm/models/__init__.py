"""The models of itsm."""

from itsm.models.alerts import Alert

__all__ = ["Alert"]
