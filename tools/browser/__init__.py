"""Try the mock server's page in a real browser."""
