"""What one dialect of the service says where another one says something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kling_elements.mock.answers import Problem, Refusals, RefusedError
from kling_elements_runtime.document import Document

_LONGEST_VALUE = 200  # characters of a request's value that a message repeats


class Dialect:
    """How refusals are worded, and what deletions leave.

    Attributes:
        deletion_example: The name of the example that answers a deletion; empty where the contract has no deletions.
        keeps_deleted: Whether look-ups and lists still show a deleted subject.
        counts_all_calls: Whether an external id that another call of the account used is refused too.
        too_many: The code that refuses one task too many, that of another dialect where this one has none; 0 where the
            contract has no creations.
    """

    def __init__(self, contract: Document, name: str, refusals: Refusals) -> None:
        """Read what a contract says of the dialect of a name.

        Raises:
            KeyError: The contract has deletions, and does not say how this dialect answers them; or it has creations,
                and does not say how one too many is refused.
        """
        self._contract = contract
        self._name = name
        self._refusals = refusals
        deletes = self._definition("deleteElement")
        answer: Mapping[str, Any] = deletes["x-deletion"][name] if deletes else {"example": "", "remains": False}
        self.deletion_example: str = answer["example"]
        self.keeps_deleted: bool = answer["remains"]
        creates = self._definition("createElement")
        self.counts_all_calls = any(
            row["dialect"] == name and row.get("unique-over") == "account" for row in creates.get("x-duplicate", ())
        )
        too_many = sorted(creates["x-too-many"], key=lambda row: row["dialect"] != name) if creates else [{"code": 0}]
        if not too_many:
            raise KeyError("x-too-many")
        self.too_many: int = too_many[0]["code"]

    def refusal(self, operation_id: str, *keywords: str, detail: str, **values: object) -> RefusedError:
        """Return how a request is refused.

        Args:
            operation_id: The operation.
            keywords: The kinds of refusal that fit, such as `x-absent`; the first one that the dialect has counts.
            detail: What is wrong, for where the dialect has only a code for it.
            values: The values of the request that the dialect's message may repeat, by their names.
        """
        for row in (row for keyword in keywords for row in self._contract.refusals(operation_id, keyword)):
            if row.dialect == self._name:
                if row.message is None:
                    return self._refusals.refused_by(row.code, detail)
                shown = {name: str(value)[:_LONGEST_VALUE] for name, value in values.items()}
                return RefusedError(row.code, row.message.format(**shown))
        return self._refusals.refused_by(Problem.INVALID_VALUE, detail)  # as nobody has seen it

    def _definition(self, operation_id: str) -> Mapping[str, Any]:
        operation = self._contract.operations().get(operation_id)
        return operation.definition if operation else {}


def usable_dialect(contract: Document, name: str | None) -> str:
    """Return the name of a dialect; that of the contract's first one for None.

    Raises:
        ValueError: The contract has none of this name.
    """
    names = contract.dialects()
    if name is None:
        return names[0]
    if name not in names:
        raise ValueError(f"there is no dialect {name!r}; there are {', '.join(names)}")
    return name
