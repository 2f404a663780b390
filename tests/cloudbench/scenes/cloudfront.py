from typing import Any

from cloudbench.engine.session import CallFailed, Denied
from tests.cloudbench.scenes import ACCOUNT, Answers, Aws, Expected, Verdicts, on_answers, on_moto

OWN_CERTIFICATE = {
    "CloudFrontDefaultCertificate": False,
    "ACMCertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1",
    "SSLSupportMethod": "sni-only",
    "MinimumProtocolVersion": "TLSv1.2_2021",
}
DEFAULT_CERTIFICATE = {"CloudFrontDefaultCertificate": True, "MinimumProtocolVersion": "TLSv1"}


def bucket(name: str = "site", **settings: Any) -> dict[str, Any]:
    return {
        "Id": f"bucket-{name}",
        "DomainName": f"{name}.s3.eu-central-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        **settings,
    }


def server(protocol: str = "https-only", *versions: str, name: str = "server") -> dict[str, Any]:
    items = list(versions) or ["TLSv1.2"]
    return {
        "Id": name,
        "DomainName": f"{name}.example.com",
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": protocol,
            "OriginSslProtocols": {"Quantity": len(items), "Items": items},
        },
    }


def behavior(policy: str = "redirect-to-https", **settings: Any) -> dict[str, Any]:
    return {"TargetOriginId": "o", "ViewerProtocolPolicy": policy, "FieldLevelEncryptionId": "", **settings}


def distribution(name: str, *origins: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {
        "Id": name,
        "ARN": f"arn:aws:cloudfront::{ACCOUNT}:distribution/{name}",
        "Status": "Deployed",
        "LastModifiedTime": 1_700_000_000,
        "DomainName": f"{name}.cloudfront.net",
        "Aliases": {"Quantity": 0},
        "Origins": {"Quantity": len(origins), "Items": list(origins)},
        "DefaultCacheBehavior": behavior(),
        "CacheBehaviors": {"Quantity": 0},
        "CustomErrorResponses": {"Quantity": 0},
        "Comment": "",
        "PriceClass": "PriceClass_All",
        "Enabled": True,
        "ViewerCertificate": OWN_CERTIFICATE,
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "Staging": False,
        **settings,
    }


def listed(*distributions: dict[str, Any]) -> dict[str, Any]:
    return {
        "DistributionList": {
            "Marker": "",
            "MaxItems": 100,
            "IsTruncated": False,
            "Quantity": len(distributions),
            "Items": list(distributions),
        }
    }


def group(*members: str) -> dict[str, Any]:
    return {
        "Quantity": 1,
        "Items": [
            {
                "Id": "pair",
                "FailoverCriteria": {"StatusCodes": {"Quantity": 1, "Items": [500]}},
                "Members": {"Quantity": len(members), "Items": [{"OriginId": member} for member in members]},
            }
        ],
    }


@on_answers
def origins_safe_and_not() -> Answers:
    access_control = {"OriginAccessControlId": "E1"}
    posts = {"Quantity": 1, "Items": [behavior("allow-all", PathPattern="/forms/*", FieldLevelEncryptionId="F1")]}
    return Answers(
        says={
            "cloudfront.list_distributions": listed(
                distribution("CONTROLLED", bucket(**access_control)),
                distribution("IDENTITY", bucket(S3OriginConfig={"OriginAccessIdentity": "origin-access-identity/E"})),
                distribution("HALF", bucket("a", **access_control), bucket("b"), OriginGroups=group("a", "b")),
                distribution("HTTPS", server(), DefaultCacheBehavior=behavior("https-only")),
                distribution("HTTP", server("http-only", "TLSv1.2", "SSLv3")),
                distribution("MATCHED", server("match-viewer")),
                distribution("MATCHED-OPEN", server("match-viewer", "TLSv1"), CacheBehaviors=posts),
            )
        },
        verdicts={
            "cloudfront_origin_access_control": Expected(good=["CONTROLLED"], bad=["IDENTITY", "HALF"]),
            "cloudfront_no_deprecated_origin_ssl": Expected(good=["HTTPS", "MATCHED", "MATCHED-OPEN"], bad=["HTTP"]),
            "cloudfront_origin_traffic_encrypted": Expected(good=["HTTPS", "MATCHED"], bad=["HTTP", "MATCHED-OPEN"]),
            "cloudfront_origin_failover": Expected(
                good=["HALF"], bad=["CONTROLLED", "IDENTITY", "HTTPS", "HTTP", "MATCHED", "MATCHED-OPEN"]
            ),
            "cloudfront_viewer_https_required": Expected(
                good=["CONTROLLED", "IDENTITY", "HALF", "HTTPS", "HTTP", "MATCHED"], bad=["MATCHED-OPEN"]
            ),
            "cloudfront_field_level_encryption": Expected(
                good=["MATCHED-OPEN"], bad=["CONTROLLED", "IDENTITY", "HALF", "HTTPS", "HTTP", "MATCHED"]
            ),
        },
    )


@on_answers
def certificates_strong_and_not() -> Answers:
    acl = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/front/1"
    return Answers(
        says={
            "cloudfront.list_distributions": listed(
                distribution("STRONG", server(), WebACLId=acl),
                distribution(
                    "NEWEST", server(), ViewerCertificate=OWN_CERTIFICATE | {"MinimumProtocolVersion": "TLSv1.3_2025"}
                ),
                distribution(
                    "OLDER", server(), ViewerCertificate=OWN_CERTIFICATE | {"MinimumProtocolVersion": "TLSv1.2_2019"}
                ),
                distribution("DEDICATED", server(), ViewerCertificate=OWN_CERTIFICATE | {"SSLSupportMethod": "vip"}),
                distribution("OF-CLOUDFRONT", server(), ViewerCertificate=DEFAULT_CERTIFICATE),
            )
        },
        verdicts={
            "cloudfront_custom_certificate": Expected(
                good=["STRONG", "NEWEST", "OLDER", "DEDICATED"], bad=["OF-CLOUDFRONT"]
            ),
            "cloudfront_recommended_tls_policy": Expected(
                good=["STRONG", "NEWEST", "DEDICATED"], bad=["OLDER", "OF-CLOUDFRONT"]
            ),
            "cloudfront_sni_used": Expected(good=["STRONG", "NEWEST", "OLDER"], bad=["DEDICATED"]),
            "cloudfront_waf_attached": Expected(good=["STRONG"], bad=["NEWEST", "OLDER", "DEDICATED", "OF-CLOUDFRONT"]),
        },
    )


@on_answers
def buckets_of_others() -> Answers:
    def head(params: dict[str, Any]) -> Any:
        if params["Bucket"] == "foreign":
            return Denied("403", "Forbidden", 403)
        return {} if params["Bucket"] == "there" else CallFailed("404", "Not Found", 404)

    regionless = {"DomainName": "gone.s3.amazonaws.com"}
    return Answers(
        says={
            "cloudfront.list_distributions": listed(
                distribution("BOTH-THERE", bucket("there"), bucket("there", Id="again"), server()),
                distribution("ONE-GONE", bucket("there"), bucket("gone", **regionless)),
                distribution("GONE-AND-FOREIGN", bucket("foreign"), bucket("gone")),
                distribution("NO-BUCKET", server()),
            ),
            "s3.head_bucket": head,
        },
        verdicts={"cloudfront_s3_origin_exists": Expected(good=["BOTH-THERE"], bad=["ONE-GONE", "GONE-AND-FOREIGN"])},
    )


@on_moto(keep_defaults=True)
def buckets_there_and_gone(aws: Aws) -> Verdicts:
    s3, cloudfront = aws("s3"), aws("cloudfront")
    location = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="there.example", CreateBucketConfiguration=location)

    def create(name: str, origin: dict[str, Any], **settings: Any) -> str:
        config = {
            "CallerReference": name,
            "Comment": name,
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": origin["Id"],
                "ViewerProtocolPolicy": "https-only",
                "MinTTL": 0,
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            },
            **settings,
        }
        return str(cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"])

    logs = {"Enabled": True, "IncludeCookies": False, "Bucket": "logs.s3.amazonaws.com", "Prefix": ""}
    there = create("a", bucket("there.example"), DefaultRootObject="index.html", Logging=logs)
    gone = create("b", bucket("gone", DomainName="gone.s3.amazonaws.com"))
    website = create("c", server(name="website") | {"DomainName": "gone.s3-website.eu-central-1.amazonaws.com"})
    return {
        "cloudfront_s3_origin_exists": Expected(good=[there], bad=[gone]),
        "cloudfront_default_root_object": Expected(good=[there], bad=[gone]),
        "cloudfront_access_logging": Expected(good=[there], bad=[gone, website]),
        "cloudfront_waf_attached": Expected(bad=[there, gone, website]),
        "cloudfront_custom_certificate": Expected(bad=[there, gone, website]),
        "cloudfront_viewer_https_required": Expected(good=[there, gone, website]),
    }
