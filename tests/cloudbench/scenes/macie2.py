from cloudbench.engine.session import Denied
from tests.cloudbench.scenes import REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

SECOND, THIRD = "eu-west-1", "eu-west-2"


@on_moto(regions=(REGION, SECOND, THIRD))
def enabled_paused_and_off(aws: Aws) -> Verdicts:
    aws("macie2").enable_macie(status="ENABLED")
    aws("macie2", SECOND).enable_macie(status="PAUSED")
    aws("macie2", THIRD).disable_macie()
    return {"macie_enabled": Expected(good=[REGION], bad=[SECOND, THIRD])}


@on_answers
def never_enabled() -> Answers:
    refused = Denied("AccessDeniedException", "Macie is not enabled.", 403)
    return Answers({"macie2.get_macie_session": refused}, {"macie_enabled": Expected(bad=[REGION])})
