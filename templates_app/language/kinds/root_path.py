"""Fact kind root_path."""
