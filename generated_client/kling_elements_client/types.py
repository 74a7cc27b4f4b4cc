# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""Types that models and operations share: `UNSET` marks an absent property, `Response` is a whole response."""

from __future__ import annotations

from kling_elements_runtime.types import UNSET, Response, Unset

__all__ = ["UNSET", "Response", "Unset"]
