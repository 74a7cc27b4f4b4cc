"""Generate the client from the OpenAPI file: `make gen`."""
