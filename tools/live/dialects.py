"""Recognize the dialect that a gateway speaks, by responses that occur in only one dialect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx

from kling_elements_client import contract
from tools.live.client_reading import ClientReading
from tools.live.session import SeenResponse

_REFUSED_FOR_OTHER_REASONS = (401, 403, 429)


@dataclass(frozen=True)
class Evidence:
    """A response that shows the dialect.

    Attributes:
        situation: The name of the situation, such as `unknown-task-id`.
        dialect: The dialect, or an empty string if none of the contract's dialects has the response.
    """

    situation: str
    dialect: str


def dialect_evidence(seen: SeenResponse, reading: ClientReading) -> Evidence | None:
    """Return what a response shows about the dialect, or None if it could be in every dialect."""
    if seen.call == "deleteElement" and reading.means == "deleted":
        return Evidence(seen.situation, _dialect_of_deletion(seen))
    if seen.call != "getElement" or not seen.situation.startswith("unknown-"):
        return None
    status = seen.response.status_code
    if status in _REFUSED_FOR_OTHER_REASONS or httpx.codes.is_server_error(status):
        return None
    return Evidence(seen.situation, next(_dialects_of_absence(reading), ""))


def dialect_summary(evidence: Sequence[Evidence]) -> str:
    """Return the dialect that the gateway speaks, in one line."""
    spoken = {item.dialect or "neither" for item in evidence}
    if not spoken:
        return "unknown, because no response shows it"
    if len(spoken) == 1:
        (only,) = spoken
        dialects = " nor ".join(contract.CONTRACT.dialects())
        return f"neither {dialects}" if only == "neither" else only
    return "mixed: " + ", ".join(f"{item.situation} {item.dialect or 'neither'}" for item in evidence)


def _dialects_of_absence(reading: ClientReading) -> Iterator[str]:
    row = contract.CONTRACT.business_code(reading.code)
    for refusal in contract.CONTRACT.refusals("getElement", "x-absent"):
        if row is not None and refusal.fits(row.code, reading.message):
            yield refusal.dialect


def _dialect_of_deletion(seen: SeenResponse) -> str:
    """Return the dialect whose example has the distinguishing properties of a response to a deletion."""
    document = contract.document()
    examples = {
        dialect: document["components"]["examples"][row["example"]]["value"].keys()
        for dialect, row in contract.operation("deleteElement").definition["x-deletion"].items()
    }
    distinguishing = set.union(*map(set, examples.values())) - set.intersection(*map(set, examples.values()))
    try:
        body = seen.response.json()
    except ValueError:
        return ""
    present = {name for name in distinguishing if body.get(name) is not None}
    return next((dialect for dialect, properties in examples.items() if present == distinguishing & properties), "")
