"""Fact kind crypto_policy."""
