"""Whether Macie is on."""

from cloudbench.engine.registry import listing

listing(
    "macie2.sessions",
    "macie2.get_macie_session",
    items="@",
    keep=("status", "createdAt", "findingPublishingFrequency"),
    # AWS answers so, like a refusal, where Macie was never turned on.
    absent=("AccessDeniedException:Macie is not enabled", "ResourceNotFoundException"),
)
