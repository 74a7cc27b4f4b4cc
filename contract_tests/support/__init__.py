"""Gateways, servers, callers, pictures and clips that several test modules use."""
