# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""One module for each operation."""
