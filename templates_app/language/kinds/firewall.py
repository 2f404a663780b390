"""Fact kind firewall."""
