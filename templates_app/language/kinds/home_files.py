"""Fact kind home_files."""
