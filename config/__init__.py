"""Wires all apps. The Celery application is made with it, so that whoever sends a job uses its settings."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
