from tests.cloudbench.scenes import REGION, Aws, Expected, Verdicts, on_moto


@on_moto()
def versioned_and_not(aws: Aws) -> Verdicts:
    s3 = aws("s3")
    for name in ("kept", "never", "suspended"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_versioning(Bucket="suspended", VersioningConfiguration={"Status": "Suspended"})
    return {"s3_bucket_versioning": Expected(good=["kept"], bad=["never", "suspended"])}
