"""What must hold of SageMaker's notebook instances, endpoint configurations and models."""

from typing import Any

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SUPPORTED_PLATFORMS = frozenset({"notebook-al2023-v1", "notebook-al2023-v2"})
"""Platforms that AWS still patches: Security Hub, SageMaker.8. Those on Amazon Linux 2 ended on 30 June 2026."""
FIRST_PLATFORM = "notebook-al1-v1"
"""What an instance runs that names no platform."""

NOTEBOOKS, NOTEBOOK_SETTINGS = "sagemaker.notebook_instances", ("sagemaker.notebook_settings",)
ENDPOINTS, ENDPOINT_SETTINGS = "sagemaker.endpoint_configs", ("sagemaker.endpoint_config_settings",)


def _settings(row: Resource, view: View, collection: str) -> Resource | dict[str, Any]:
    return view.one_of(collection, row) or {}


@check("sagemaker_notebook_encrypted", over=NOTEBOOKS, reads=NOTEBOOK_SETTINGS)
def is_notebook_encrypted(notebook: Resource, view: View) -> Verdict:
    """Fail unless a KMS key is chosen for the volume. Source: DescribeNotebookInstance, KmsKeyId."""
    key = _settings(notebook, view, *NOTEBOOK_SETTINGS).get("KmsKeyId")
    return verdict(bool(key), "A KMS key encrypts the volume.", "No KMS key is named for the volume.", KmsKeyId=key)


@check("sagemaker_notebook_in_vpc", over=NOTEBOOKS, reads=NOTEBOOK_SETTINGS)
def is_notebook_in_vpc(notebook: Resource, view: View) -> Verdict:
    """Fail if the notebook is in no subnet of the account. Source: DescribeNotebookInstance, SubnetId."""
    subnet = _settings(notebook, view, *NOTEBOOK_SETTINGS).get("SubnetId")
    return verdict(
        bool(subnet), f"The notebook is in {subnet}.", "The notebook is in a network of AWS's own.", SubnetId=subnet
    )


@check("sagemaker_notebook_no_direct_internet", over=NOTEBOOKS, reads=NOTEBOOK_SETTINGS)
def goes_through_vpc(notebook: Resource, view: View) -> Verdict:
    """Fail unless traffic must go through the VPC. Source: DescribeNotebookInstance, DirectInternetAccess."""
    access = _settings(notebook, view, *NOTEBOOK_SETTINGS).get("DirectInternetAccess", "Enabled")
    return verdict(
        access == "Disabled",
        "The notebook reaches the internet through the VPC only.",
        "The notebook reaches the internet directly, past the VPC.",
        DirectInternetAccess=access,
    )


@check("sagemaker_notebook_no_root", over=NOTEBOOKS, reads=NOTEBOOK_SETTINGS)
def denies_root(notebook: Resource, view: View) -> Verdict:
    """Fail unless users are not root. Source: DescribeNotebookInstance, RootAccess; on by default."""
    access = _settings(notebook, view, *NOTEBOOK_SETTINGS).get("RootAccess", "Enabled")
    return verdict(
        access == "Disabled",
        "Users of the notebook are not root.",
        "Users of the notebook are root.",
        RootAccess=access,
    )


@check("sagemaker_notebook_supported_platform", over=NOTEBOOKS, reads=NOTEBOOK_SETTINGS)
def runs_supported_platform(notebook: Resource, view: View) -> Verdict:
    """Fail unless it runs one of SUPPORTED_PLATFORMS. Source: DescribeNotebookInstance, PlatformIdentifier."""
    platform = _settings(notebook, view, *NOTEBOOK_SETTINGS).get("PlatformIdentifier", FIRST_PLATFORM)
    return verdict(
        platform in SUPPORTED_PLATFORMS,
        f"The platform {platform} is supported.",
        f"The platform {platform} gets no more updates.",
        PlatformIdentifier=platform,
    )


@check("sagemaker_endpoint_config_encrypted", over=ENDPOINTS, reads=ENDPOINT_SETTINGS)
def is_endpoint_encrypted(config: Resource, view: View) -> Verdict:
    """Fail unless a KMS key encrypts the storage of the instances. Source: DescribeEndpointConfig, KmsKeyId."""
    key = _settings(config, view, *ENDPOINT_SETTINGS).get("KmsKeyId")
    return verdict(
        bool(key), "A KMS key encrypts the instances' storage.", "No KMS key is named for storage.", KmsKeyId=key
    )


@check("sagemaker_endpoint_instance_count", over=ENDPOINTS, reads=ENDPOINT_SETTINGS)
def has_spare_instance(config: Resource, view: View) -> Verdict | None:
    """Fail if a production variant begins with fewer than two instances.

    Serverless variants, which have none, are left out; a configuration of nothing else is not judged.
    Source: DescribeEndpointConfig, ProductionVariants, InitialInstanceCount.
    """
    variants = [
        variant
        for variant in _settings(config, view, *ENDPOINT_SETTINGS).get("ProductionVariants") or []
        if "ServerlessConfig" not in variant
    ]
    if not variants:
        return None
    alone = [variant["VariantName"] for variant in variants if variant.get("InitialInstanceCount", 1) < 2]
    return verdict(
        not alone,
        "Every variant begins with two instances or more.",
        f"These variants begin with one instance: {', '.join(alone)}.",
        ProductionVariants=alone or [variant["VariantName"] for variant in variants],
    )


@check("sagemaker_model_network_isolation", over="sagemaker.models", reads=("sagemaker.model_settings",))
def is_isolated(model: Resource, view: View) -> Verdict:
    """Fail unless the model's containers reach no network. Source: DescribeModel, EnableNetworkIsolation."""
    isolated = _settings(model, view, "sagemaker.model_settings").get("EnableNetworkIsolation", False)
    return verdict(
        isolated,
        "The containers reach no network.",
        "The containers may open connections to any network.",
        EnableNetworkIsolation=isolated,
    )
