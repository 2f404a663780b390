"""Bedrock: where each region logs what models are asked."""

from cloudbench.engine.registry import listing

listing(
    "bedrock.invocation_logging",
    "bedrock.get_model_invocation_logging_configuration",
    items="loggingConfig",
    keep=("cloudWatchConfig", "s3Config"),
)
