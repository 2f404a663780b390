from typing import Any

from tests.cloudbench.scenes import Aws, Expected, Verdicts, on_moto

STRONG = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 7,
}


@on_moto()
def user_pools(aws: Aws) -> Verdicts:
    cognito = aws("cognito-idp")
    pools: dict[str, tuple[dict[str, Any], str]] = {
        "good": (STRONG, "ENFORCED"),
        "short": ({**STRONG, "MinimumLength": 7}, "AUDIT"),
        "no-symbols": ({**STRONG, "RequireSymbols": False}, "OFF"),
        "long-temporary": ({**STRONG, "TemporaryPasswordValidityDays": 8}, ""),
    }
    for name, (policy, mode) in pools.items():
        cognito.create_user_pool(
            PoolName=name,
            Policies={"PasswordPolicy": policy},
            **({"UserPoolAddOns": {"AdvancedSecurityMode": mode}} if mode else {}),
        )
    only_good = Expected(good=["good"], bad=["short", "no-symbols", "long-temporary"])
    return {"cognito_user_pool_password_policy": only_good, "cognito_user_pool_threat_protection": only_good}


@on_moto()
def identity_pools(aws: Aws) -> Verdicts:
    cognito = aws("cognito-identity")
    for name, guests in {"signed-in": False, "guests": True}.items():
        cognito.create_identity_pool(IdentityPoolName=name, AllowUnauthenticatedIdentities=guests)
    return {"cognito_identity_pool_no_unauthenticated": Expected(good=["signed-in"], bad=["guests"])}
