"""Fact kind net_iface."""
