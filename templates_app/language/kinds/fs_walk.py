"""Fact kind fs_walk."""
