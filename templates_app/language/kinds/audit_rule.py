"""Fact kind audit_rule."""
