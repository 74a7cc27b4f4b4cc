# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""Types that models and operations share: `UNSET` for an absent property, and `Response` for a whole response."""

from __future__ import annotations

from kling_elements_runtime.types import UNSET, Response, Unset

__all__ = ["UNSET", "Response", "Unset"]
