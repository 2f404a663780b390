"""Fact kind kernel_module."""
