# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""The operations by tag."""
