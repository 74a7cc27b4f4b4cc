"""In which dialect of the contract a gateway speaks, by the answers whose wording tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx

from kling_elements_client import contract
from tools.live.reading import Reading
from tools.live.session import Seen

_REFUSED_FOR_OTHER_REASONS = (401, 403, 429)


@dataclass(frozen=True)
class Witness:
    """An answer that tells a dialect.

    Attributes:
        situation: What was asked.
        dialect: The dialect; empty where it is none that the contract knows.
    """

    situation: str
    dialect: str


def witness(seen: Seen, reading: Reading) -> Witness | None:
    """Return what an answer tells of the dialect; None where every dialect would answer so."""
    if seen.call == "deleteElement" and reading.means == "deleted":
        return Witness(seen.situation, _of_deletion(seen))
    if seen.call != "getElement" or not seen.situation.startswith("unknown-"):
        return None
    status = seen.response.status_code
    if status in _REFUSED_FOR_OTHER_REASONS or httpx.codes.is_server_error(status):
        return None
    return Witness(seen.situation, next(_of_absence(reading), ""))


def verdict(witnesses: Sequence[Witness]) -> str:
    """Return in one line which dialect the gateway speaks."""
    spoken = {each.dialect or "neither" for each in witnesses}
    if not spoken:
        return "unknown, as nothing that was asked tells"
    if len(spoken) == 1:
        (only,) = spoken
        known = " or ".join(contract.CONTRACT.dialects())
        return f"neither {known}" if only == "neither" else only
    return "mixed: " + ", ".join(f"{each.situation} {each.dialect or 'neither'}" for each in witnesses)


def _of_absence(reading: Reading) -> Iterator[str]:
    row = contract.CONTRACT.business_code(reading.code)
    for refusal in contract.CONTRACT.refusals("getElement", "x-absent"):
        if row is not None and refusal.fits(row.code, reading.message):
            yield refusal.dialect


def _of_deletion(seen: Seen) -> str:
    """Return the dialect whose example has the same properties as an answer to a deletion, in what differs."""
    document = contract.document()
    examples = {
        dialect: document["components"]["examples"][row["example"]]["value"].keys()
        for dialect, row in contract.operation("deleteElement").definition["x-deletion"].items()
    }
    telling = set.union(*map(set, examples.values())) - set.intersection(*map(set, examples.values()))
    try:
        body = seen.response.json()
    except ValueError:
        return ""
    there = {name for name in telling if body.get(name) is not None}
    return next((dialect for dialect, names in examples.items() if there == telling & names), "")
