"""Fact kind process."""
