"""Fact kind sudoers."""
