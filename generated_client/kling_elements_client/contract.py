# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""The contract that this client enforces, as a value and by the functions that are asked for most."""

from __future__ import annotations

from typing import Final

from kling_elements_runtime.contract import (
    BusinessCode,
    CheckedRequest,
    Contract,
    MediaAddress,
    Operation,
    Parameter,
    Refusal,
    packaged,
)

CONTRACT: Final = Contract(packaged(__name__))

addresses = CONTRACT.addresses
business_code = CONTRACT.business_code
business_codes = CONTRACT.business_codes
check = CONTRACT.check
dialects = CONTRACT.dialects
document = CONTRACT.document
means = CONTRACT.means
operation = CONTRACT.operation
operations = CONTRACT.operations
parameter_violations = CONTRACT.parameter_violations
refusals = CONTRACT.refusals
schema_violations = CONTRACT.schema_violations
violations = CONTRACT.violations

__all__ = [
    "CONTRACT",
    "BusinessCode",
    "CheckedRequest",
    "MediaAddress",
    "Operation",
    "Parameter",
    "Refusal",
    "addresses",
    "business_code",
    "business_codes",
    "check",
    "dialects",
    "document",
    "means",
    "operation",
    "operations",
    "parameter_violations",
    "refusals",
    "schema_violations",
    "violations",
]
