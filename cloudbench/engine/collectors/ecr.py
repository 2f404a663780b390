"""Private ECR repositories, how they are scanned, and their lifecycle policies."""

from cloudbench.engine.registry import batch, detail, listing

listing(
    "ecr.repositories",
    "ecr.describe_repositories",
    params={"maxResults": 1000},
    items="repositories",
    arn="{repositoryArn}",
    label="repositoryName",
    keep=(
        "repositoryName",
        "imageScanningConfiguration",
        "imageTagMutability",
        "imageTagMutabilityExclusionFilters",
    ),
)
batch(  # what the registry's rules and the repository's own setting come to
    "ecr.repository_scanning",
    "ecr.batch_get_repository_scanning_configuration",
    of="ecr.repositories",
    size=25,
    ask_many=lambda repositories: {"repositoryNames": [repository["repositoryName"] for repository in repositories]},
    items="scanningConfigurations",
    arn="{repositoryArn}",
    label="repositoryName",
    keep=("scanOnPush", "scanFrequency"),
)
detail(
    "ecr.lifecycle_policies",
    "ecr.get_lifecycle_policy",
    of="ecr.repositories",
    ask=lambda repository: {"repositoryName": repository["repositoryName"]},
    keep=("lifecyclePolicyText",),
    absent=("LifecyclePolicyNotFoundException",),
)
