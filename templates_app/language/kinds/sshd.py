"""Fact kind sshd."""
