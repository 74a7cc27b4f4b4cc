# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""The contract that this client enforces, and its most common methods as functions."""

from __future__ import annotations

from typing import Final

from kling_elements_runtime.contract import CheckedRequest, Contract
from kling_elements_runtime.document import packaged

CONTRACT: Final = Contract(packaged(__name__))

business_codes = CONTRACT.business_codes
check = CONTRACT.check
document = CONTRACT.document
means = CONTRACT.means
operation = CONTRACT.operation
operations = CONTRACT.operations
schema_violations = CONTRACT.schema_violations
violations = CONTRACT.violations

__all__ = [
    "CONTRACT",
    "CheckedRequest",
    "business_codes",
    "check",
    "document",
    "means",
    "operation",
    "operations",
    "schema_violations",
    "violations",
]
