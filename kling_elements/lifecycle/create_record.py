"""Track whether a call may have created an element, so that the error that ends the call can say so."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define

from kling_elements.lifecycle.effects import Effects
from kling_elements.outcomes import Outcome
from kling_elements_client.errors import KlingError


class CreateStoppedError(Exception):
    """A create was about to be sent, although its interruption had already been reported."""


@define(eq=False)
class CreateRecord:
    """The known facts about the element of one create.

    Attributes:
        external_id: The external id of the request, or None before the request is read.
        outcome: Whether the element exists.
        interruption_reported: Whether an interruption was reported, after which nothing may be sent.
    """

    external_id: str | None = None
    outcome: Outcome = Outcome.NOT_CREATED
    interruption_reported: bool = False

    def begin_sending(self) -> None:
        """Record that the element may exist from now on.

        Raises:
            CreateStoppedError: The call was interrupted while this thread of it continued.
        """
        # set before the check, because another thread may be in `report_interruption`, which uses the opposite order
        self.outcome = Outcome.MAY_EXIST
        if self.interruption_reported:
            raise CreateStoppedError

    def explain(self, error: BaseException, effects: Effects) -> None:
        """Add the external id to the exception that ends the create, and to a `KlingError` also the outcome.

        Otherwise an interruption (Ctrl+C, a cancellation) would lose the only trace of an element. A warning is also
        logged, because task groups, timeouts and the end of an event loop often drop the exception.
        """
        if isinstance(error, KlingError):
            self.mark(error)
        elif self.report_interruption(error, effects):
            vars(error)["external_task_id"] = self.external_id

    def mark(self, error: KlingError) -> None:
        """Set the outcome and the external id of an error."""
        error.outcome, error.external_task_id = self.outcome, self.external_id

    def report_interruption(self, error: BaseException, effects: Effects) -> bool:
        """Return whether the element may exist. If it may, add a note to the exception, and log a warning."""
        self.interruption_reported = True
        if self.outcome is Outcome.NOT_CREATED:
            return False
        message = f"external_task_id {self.external_id}: the element {_EXISTS[self.outcome]}"
        error.add_note(effects.make_safe(message))
        effects.warn(f"{message}; {type(error).__name__} interrupted the create: {_NEXT_STEP[self.outcome]}")
        return True


def explain_all(records: Sequence[CreateRecord], error: BaseException, effects: Effects) -> None:
    """Report an interruption of several creates, and add the list `external_task_ids` to it."""
    if isinstance(error, KlingError):
        return  # its results contain the details of each create
    external_ids = [record.external_id for record in records if record.report_interruption(error, effects)]
    if external_ids:
        vars(error)["external_task_ids"] = external_ids


_EXISTS = {Outcome.MAY_EXIST: "may exist", Outcome.CREATED: "exists"}
_NEXT_STEP = {
    Outcome.MAY_EXIST: "call get_or_create with this id to find the element or create it",
    Outcome.CREATED: "call get with this id to find its task",
}
