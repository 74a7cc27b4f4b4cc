# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from enum import StrEnum


class TaskStatus(StrEnum):
    """The progress of a task. The newer API writes `succeeded` for `succeed`, gateways use other values for the same,
    and new values may appear."""

    SUBMITTED = "submitted"
    PROCESSING = "processing"
    SUCCEED = "succeed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
