"""SageMaker: notebook instances, endpoint configurations and models: lists name them, descriptions tell the rest."""

from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

_listed = partial(listing, params={"MaxResults": 100})  # the default is 10

_listed(
    "sagemaker.notebook_instances",
    "sagemaker.list_notebook_instances",
    items="NotebookInstances",
    arn="{NotebookInstanceArn}",
    label="NotebookInstanceName",
    keep=("NotebookInstanceName", "NotebookInstanceStatus", "InstanceType"),
)
_listed(
    "sagemaker.endpoint_configs",
    "sagemaker.list_endpoint_configs",
    items="EndpointConfigs",
    arn="{EndpointConfigArn}",
    label="EndpointConfigName",
    keep=("EndpointConfigName",),
)
_listed(
    "sagemaker.models",
    "sagemaker.list_models",
    items="Models",
    arn="{ModelArn}",
    label="ModelName",
    keep=("ModelName",),
)


def _this_notebook(notebook: Resource) -> Data:
    return {"NotebookInstanceName": notebook["NotebookInstanceName"]}


def _this_endpoint_config(config: Resource) -> Data:
    return {"EndpointConfigName": config["EndpointConfigName"]}


def _this_model(model: Resource) -> Data:
    return {"ModelName": model["ModelName"]}


detail(
    "sagemaker.notebook_settings",
    "sagemaker.describe_notebook_instance",
    of="sagemaker.notebook_instances",
    ask=_this_notebook,
    keep=("SubnetId", "DirectInternetAccess", "RootAccess", "KmsKeyId", "PlatformIdentifier"),
)
detail(
    "sagemaker.endpoint_config_settings",
    "sagemaker.describe_endpoint_config",
    of="sagemaker.endpoint_configs",
    ask=_this_endpoint_config,
    keep=("KmsKeyId", "ProductionVariants"),
)
detail(
    "sagemaker.model_settings",
    "sagemaker.describe_model",
    of="sagemaker.models",
    ask=_this_model,
    keep=("EnableNetworkIsolation",),
)
