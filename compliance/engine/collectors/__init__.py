"""Collectors: what is asked of a target, and how its answer becomes facts."""

from compliance.engine.collectors import linux  # importing registers the collectors
