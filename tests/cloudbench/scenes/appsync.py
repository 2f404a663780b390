from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto


@on_moto()
def graphql_apis(aws: Aws) -> Verdicts:
    appsync = aws("appsync")
    role = f"arn:aws:iam::{ACCOUNT}:role/logs"

    def create(name: str, kind: str, level: str, *further: str) -> None:
        appsync.create_graphql_api(
            name=name,
            authenticationType=kind,
            additionalAuthenticationProviders=[{"authenticationType": one} for one in further],
            **({"logConfig": {"fieldLogLevel": level, "cloudWatchLogsRoleArn": role}} if level else {}),
        )

    create("good", "AWS_IAM", "ALL")
    create("errors", "AWS_IAM", "ERROR", "AWS_LAMBDA")
    create("none", "API_KEY", "NONE")
    create("further", "AWS_IAM", "", "API_KEY")
    return {
        "appsync_field_level_logging": Expected(good=["good", "errors"], bad=["none", "further"]),
        "appsync_no_api_key_auth": Expected(good=["good", "errors"], bad=["none", "further"]),
    }


@on_answers
def apis_with_caches() -> Answers:
    caches: dict[str, dict[str, Any] | None] = {
        "both": {"atRestEncryptionEnabled": True, "transitEncryptionEnabled": True},
        "at-rest": {"atRestEncryptionEnabled": True, "transitEncryptionEnabled": False},
        "neither": {},
        "uncached": None,
    }

    def cache(params: Any) -> Any:
        told = caches[params["apiId"]]
        return CallFailed("NotFoundException", "no cache", 404) if told is None else {"apiCache": {"ttl": 60, **told}}

    arn = f"arn:aws:appsync:{REGION}:{ACCOUNT}:apis/"
    return Answers(
        says={
            "appsync.list_graphql_apis": {
                "graphqlApis": [{"name": name, "apiId": name, "arn": arn + name} for name in caches]
            },
            "appsync.get_api_cache": cache,
        },
        verdicts={
            "appsync_api_cache_encrypted_at_rest": Expected(good=["both", "at-rest"], bad=["neither"]),
            "appsync_api_cache_encrypted_in_transit": Expected(good=["both"], bad=["at-rest", "neither"]),
        },
    )
