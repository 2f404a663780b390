"""Fact kind dconf."""
