"""Fact kind cmd_fact."""
