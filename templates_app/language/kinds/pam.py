"""Fact kind pam."""
