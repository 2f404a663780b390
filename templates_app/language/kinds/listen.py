"""Fact kind listen."""
