"""What must hold of buckets."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


@check("s3_bucket_versioning", over="s3.buckets", reads=("s3.bucket_versioning",))
def keeps_versions(bucket: Resource, view: View) -> Verdict:
    """Fail unless versioning is enabled; suspended versioning keeps no new versions. Source: GetBucketVersioning."""
    versioning = view.one_of("s3.bucket_versioning", bucket)
    status = versioning.get("Status", "never enabled") if versioning else "never enabled"
    return verdict(status == "Enabled", "Versioning is enabled.", f"Versioning is {status.lower()}.", Versioning=status)
