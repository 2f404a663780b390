"""Fact kind user_db."""
