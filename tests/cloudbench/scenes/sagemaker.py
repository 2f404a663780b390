from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

HERE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"

PLATFORMS = ["notebook-al2023-v1", "notebook-al2023-v2", "notebook-al2-v3", "notebook-al1-v1", "silent"]


@on_moto(keep_defaults=True)
def notebooks_confined_and_not(aws: Aws) -> Verdicts:
    sagemaker = aws("sagemaker")

    def notebook(name: str, **settings: Any) -> None:
        sagemaker.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ROLE, **settings
        )

    notebook(
        "confined",
        SubnetId="subnet-1",
        KmsKeyId=KEY,
        DirectInternetAccess="Disabled",
        RootAccess="Disabled",
    )
    notebook("loose", DirectInternetAccess="Enabled", RootAccess="Enabled")
    notebook("by-default")
    confined_only = Expected(good=["confined"], bad=["loose", "by-default"])
    return {
        "sagemaker_notebook_encrypted": confined_only,
        "sagemaker_notebook_in_vpc": confined_only,
        "sagemaker_notebook_no_direct_internet": confined_only,
        "sagemaker_notebook_no_root": confined_only,
    }


@on_moto(keep_defaults=True)
def endpoints_doubled_and_not(aws: Aws) -> Verdicts:
    sagemaker = aws("sagemaker")
    container = {"Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/model:1"}
    sagemaker.create_model(ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer=container)

    def variant(name: str, count: int) -> dict[str, Any]:
        return {
            "VariantName": name,
            "ModelName": "model",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": count,
            "InitialVariantWeight": 1,
        }

    sagemaker.create_endpoint_config(EndpointConfigName="pair", ProductionVariants=[variant("a", 2)], KmsKeyId=KEY)
    sagemaker.create_endpoint_config(EndpointConfigName="half", ProductionVariants=[variant("a", 2), variant("b", 1)])
    return {
        "sagemaker_endpoint_config_encrypted": Expected(good=["pair"], bad=["half"]),
        "sagemaker_endpoint_instance_count": Expected(good=["pair"], bad=["half"]),
    }


@on_answers
def serverless_and_silent() -> Answers:
    variants: dict[str, list[dict[str, Any]]] = {
        "serverless": [{"VariantName": "s", "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5}}],
        "mixed": [
            {"VariantName": "s", "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5}},
            {"VariantName": "i", "InitialInstanceCount": 3},
        ],
        "uncounted": [{"VariantName": "u"}],
    }

    def describe(params: dict[str, Any]) -> dict[str, Any]:
        name = params["EndpointConfigName"]
        return {
            "EndpointConfigName": name,
            "EndpointConfigArn": f"{HERE}:endpoint-config/{name}",
            "CreationTime": 1_700_000_000,
            "ProductionVariants": variants[name],
        }

    def describe_model(params: dict[str, Any]) -> dict[str, Any]:
        name = params["ModelName"]
        isolation = {} if name == "silent" else {"EnableNetworkIsolation": name == "isolated"}
        return {"ModelName": name, "ModelArn": f"{HERE}:model/{name}", "CreationTime": 1_700_000_000, **isolation}

    def describe_notebook(params: dict[str, Any]) -> dict[str, Any]:
        name = params["NotebookInstanceName"]
        return {"PlatformIdentifier": name} if name.startswith("notebook-") else {}

    return Answers(
        says={
            "sagemaker.list_endpoint_configs": {
                "EndpointConfigs": [
                    {
                        "EndpointConfigName": name,
                        "EndpointConfigArn": f"{HERE}:endpoint-config/{name}",
                        "CreationTime": 1_700_000_000,
                    }
                    for name in variants
                ]
            },
            "sagemaker.describe_endpoint_config": describe,
            "sagemaker.list_notebook_instances": {
                "NotebookInstances": [
                    {"NotebookInstanceName": name, "NotebookInstanceArn": f"{HERE}:notebook-instance/{name}"}
                    for name in PLATFORMS
                ]
            },
            "sagemaker.describe_notebook_instance": describe_notebook,
            "sagemaker.list_models": {
                "Models": [
                    {"ModelName": name, "ModelArn": f"{HERE}:model/{name}", "CreationTime": 1_700_000_000}
                    for name in ("isolated", "connected", "silent")
                ]
            },
            "sagemaker.describe_model": describe_model,
        },
        verdicts={
            "sagemaker_endpoint_instance_count": Expected(good=["mixed"], bad=["uncounted"]),
            "sagemaker_endpoint_config_encrypted": Expected(bad=["serverless", "mixed", "uncounted"]),
            "sagemaker_notebook_supported_platform": Expected(good=PLATFORMS[:2], bad=PLATFORMS[2:]),
            "sagemaker_model_network_isolation": Expected(good=["isolated"], bad=["connected", "silent"]),
            "sagemaker_notebook_no_root": Expected(bad=PLATFORMS),
            "sagemaker_notebook_no_direct_internet": Expected(bad=PLATFORMS),
        },
    )
