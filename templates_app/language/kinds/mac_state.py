"""Fact kind mac_state."""
