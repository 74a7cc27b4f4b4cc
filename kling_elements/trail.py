"""What is known of the subject of a create, so that whatever ends the create early says how to find it again."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define

from kling_elements.outcomes import Outcome
from kling_elements.outside import Outside
from kling_elements_client.errors import KlingError


class CreateStoppedError(Exception):
    """A create was about to be sent after its caller had been told that nothing was."""


@define(eq=False)
class Trail:
    """What one create has left behind so far.

    Attributes:
        external_id: The id that it is sent under; None until the request was read.
        outcome: Whether the subject exists.
        is_told: Whether the caller was told, so that nothing may be sent any more.
    """

    external_id: str | None = None
    outcome: Outcome = Outcome.NOT_CREATED
    is_told: bool = False

    def about_to_send(self) -> None:
        """Note that the subject may exist from now on.

        Raises:
            CreateStoppedError: This is a thread that outlived the call that began it.
        """
        self.outcome = Outcome.MAY_EXIST  # before the question: `tell` does the opposite, perhaps in another thread
        if self.is_told:
            raise CreateStoppedError

    def explain(self, error: BaseException, io: Outside) -> None:
        """Put onto what ends the create what it means for the subject: its id, and for a `KlingError` the outcome.

        An interruption (Ctrl+C, a cancellation) would take the only trace of a subject along. Often nobody sees the
        exception, as task groups, time-outs and the end of an event loop drop it; so a warning is logged, too.
        """
        if isinstance(error, KlingError):
            self.mark(error)
        elif self.tell(error, io):
            vars(error)["external_task_id"] = self.external_id

    def mark(self, error: KlingError) -> None:
        """Put the outcome and the id onto an error."""
        error.outcome, error.external_task_id = self.outcome, self.external_id

    def tell(self, error: BaseException, io: Outside) -> bool:
        """Tell of an interruption by a note and a warning, if the subject may exist; return whether it may."""
        self.is_told = True
        if self.outcome is Outcome.NOT_CREATED:
            return False
        says = f"external_task_id {self.external_id}: the subject {_EXISTS[self.outcome]}"
        error.add_note(io.shown(says))
        io.warn(f"{says}; {type(error).__name__} ended its create, and {_WHAT_NEXT[self.outcome]}")
        return True


def explain_all(trails: Sequence[Trail], error: BaseException, io: Outside) -> None:
    """Do as `Trail.explain` for several creates that one interruption ends; it gets the list `external_task_ids`."""
    if isinstance(error, KlingError):
        return  # it has what is to be said of each
    told = [trail.external_id for trail in trails if trail.tell(error, io)]
    if told:
        vars(error)["external_task_ids"] = told


_EXISTS = {Outcome.MAY_EXIST: "may exist", Outcome.CREATED: "exists"}
_WHAT_NEXT = {
    Outcome.MAY_EXIST: "get_or_create with this id finds it or creates it",
    Outcome.CREATED: "get with this id finds it",
}
