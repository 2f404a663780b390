"""Analyzers of IAM Access Analyzer, by region."""

from cloudbench.engine.registry import listing

listing(
    "accessanalyzer.analyzers",
    "accessanalyzer.list_analyzers",
    items="analyzers",
    arn="{arn}",
    label="name",
    keep=("name", "type", "status", "createdAt"),
)
