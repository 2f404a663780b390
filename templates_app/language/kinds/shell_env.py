"""Fact kind shell_env."""
