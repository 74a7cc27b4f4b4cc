"""From the OpenAPI file to the generated client: `make gen`."""
