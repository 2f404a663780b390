from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"


def _cluster(name: str, *, public: bool, logs: list[dict[str, Any]], version: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}",
        "version": version,
        "status": "ACTIVE",
        "resourcesVpcConfig": {
            "endpointPublicAccess": public,
            "endpointPrivateAccess": True,
            "publicAccessCidrs": ["198.51.100.0/24"] if public else [],
        },
        "logging": {"clusterLogging": logs},
        **more,
    }


@on_answers
def clusters() -> Answers:
    told = [
        _cluster(
            "good",
            public=False,
            version="1.34",
            logs=[{"types": ["api", "audit"], "enabled": True}, {"types": ["scheduler"], "enabled": False}],
            encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": KEY}}],
        ),
        _cluster("bad", public=True, version="1.24", logs=[{"types": ["api", "audit"], "enabled": False}]),
        _cluster("half", public=False, version="1.31", logs=[{"types": ["api"], "enabled": True}], encryptionConfig=[]),
        _cluster("same", public=True, version="1.34", logs=[{"types": ["audit"], "enabled": True}]),
    ]
    support = {"1.34": "STANDARD_SUPPORT", "1.31": "EXTENDED_SUPPORT"}

    def versions(params: Any) -> dict[str, Any]:
        (version,) = params["clusterVersions"]
        listed = [{"clusterVersion": version, "versionStatus": support[version]}] if version in support else []
        return {"clusterVersions": listed}

    return Answers(
        says={
            "eks.list_clusters": {"clusters": [cluster["name"] for cluster in told]},
            "eks.describe_cluster": lambda params: {
                "cluster": next(cluster for cluster in told if cluster["name"] == params["name"])
            },
            "eks.describe_cluster_versions": versions,
        },
        verdicts={
            "eks_audit_logging": Expected(good=["good", "same"], bad=["bad", "half"]),
            "eks_endpoint_not_public": Expected(good=["good", "half"], bad=["bad", "same"]),
            "eks_secrets_encrypted": Expected(good=["good"], bad=["bad", "half", "same"]),
            "eks_cluster_supported_version": Expected(good=["good", "same"], bad=["bad", "half"]),
        },
    )
