"""Fact kind boot_arg."""
