"""Gateways, servers, callers, pictures and clips that tests share."""
