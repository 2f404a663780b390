"""What botocore's own data say of AWS, without asking it: regions of a partition, the smallest page of a listing."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import DataNotFoundError
from botocore.model import ServiceModel

LEAST_ROWS = {"ec2": 5, "rds": 20, "docdb": 20, "neptune": 20, "redshift": 20, "elasticache": 20, "dms": 20, "dax": 20}
"""Rows of the smallest page where botocore's models do not say. Source: the services' API references, MaxRecords."""


@cache
def known_regions(partition: str) -> tuple[str, ...]:
    """Return the regions of ``partition`` (aws, aws-cn, aws-us-gov), by name."""
    return tuple(sorted(botocore.session.Session().get_available_regions("ec2", partition)))


def smallest_pages(operations: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return {operation: the parameter that asks for the smallest page}, {} for one without pages.

    ``operations`` as in "ec2.describe_vpcs". Reads each service's model once: about 40 ms for each of them.
    """
    by_service: dict[str, list[str]] = {}
    for operation in operations:
        service, _, method = operation.partition(".")
        by_service.setdefault(service, []).append(method)
    return {
        f"{service}.{method}": page
        for service, methods in by_service.items()
        for method, page in _pages_of(service, methods).items()
    }


def _pages_of(service: str, methods: list[str]) -> dict[str, dict[str, Any]]:
    session = botocore.session.Session()
    model = session.get_service_model(service)
    try:
        paginators: Any = session.get_paginator_model(service)
    except DataNotFoundError:
        return {method: {} for method in methods}
    names = {xform_name(name): name for name in model.operation_names}
    return {method: _page_of(service, model, paginators, names[method]) for method in methods}


def _page_of(service: str, model: ServiceModel, paginators: Any, name: str) -> dict[str, Any]:
    try:
        key = paginators.get_paginator(name).get("limit_key")
    except ValueError:
        return {}
    if not key:
        return {}
    asked: Any = model.operation_model(name).input_shape
    shape = asked.members[key]
    rows = max(1, int(shape.metadata.get("min") or LEAST_ROWS.get(service, 1)))
    return {key: str(rows) if shape.type_name == "string" else rows}
