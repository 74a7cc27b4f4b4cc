# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""What models and operations share: the mark of an absent property, and a whole answer."""

from __future__ import annotations

from kling_elements_runtime.types import UNSET, Response, Unset

__all__ = ["UNSET", "Response", "Unset"]
