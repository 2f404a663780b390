"""What must hold of private ECR repositories."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SCANNED = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


@check("ecr_repository_scan_on_push", over="ecr.repositories", reads=("ecr.repository_scanning",))
def scans_what_is_pushed(repository: Resource, view: View) -> Verdict:
    """Fail unless images are scanned on push or continuously, by the registry's rules or the repository's own setting.

    Source: BatchGetRepositoryScanningConfiguration, scanOnPush and scanFrequency; DescribeRepositories,
    imageScanningConfiguration.scanOnPush.
    """
    told = [one for one in view.in_region("ecr.repository_scanning", repository.region) if one.arn == repository.arn]
    frequency = next((one["scanFrequency"] for one in told if one.get("scanFrequency")), "MANUAL")
    own = bool((repository.get("imageScanningConfiguration") or {}).get("scanOnPush"))
    on_push = own or any(one.get("scanOnPush") for one in told)
    return verdict(
        frequency in SCANNED or on_push,
        "Images are scanned when they are pushed.",
        "Images are scanned only when somebody asks for it.",
        scanFrequency=frequency,
        scanOnPush=on_push,
    )


@check("ecr_repository_tag_immutable", over="ecr.repositories")
def tags_are_immutable(repository: Resource, view: View) -> Verdict:
    """Fail if a tag can be moved to another image, also if only some can. Source: DescribeRepositories,
    imageTagMutability (IMMUTABLE passes, IMMUTABLE_WITH_EXCLUSION does not).
    """
    mode = repository.get("imageTagMutability", "MUTABLE")
    which = "Excluded tags" if mode == "IMMUTABLE_WITH_EXCLUSION" else "Tags"
    return verdict(
        mode == "IMMUTABLE",
        "Tags cannot be moved to other images.",
        f"{which} can be moved to other images.",
        imageTagMutability=mode,
    )


@check("ecr_repository_lifecycle_policy", over="ecr.repositories", reads=("ecr.lifecycle_policies",))
def has_lifecycle_policy(repository: Resource, view: View) -> Verdict:
    """Fail if it has no lifecycle policy. Source: GetLifecyclePolicy (LifecyclePolicyNotFoundException: none)."""
    policy = view.one_of("ecr.lifecycle_policies", repository)
    return verdict(
        policy is not None,
        "A lifecycle policy ends old images.",
        "There is no lifecycle policy: old images are kept without end.",
    )
