"""Types that models and operations share: `UNSET` for an absent property, and `Response` for a whole response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Literal, TypeVar, final

from attrs import frozen

if TYPE_CHECKING:
    import httpx  # importing it would take most of the time of loading the models

T = TypeVar("T")


@final
class Unset:
    """The type of `UNSET`, which marks an absent property. It has only one instance, even after copy and pickle."""

    _instance: Unset | None = None

    def __new__(cls) -> Unset:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> tuple[type[Unset], tuple[()]]:
        return Unset, ()


UNSET: Final = Unset()


def is_id(value: object) -> bool:
    """Return whether a value can be an id: a string that is not empty, or an integer other than 0."""
    return bool(value) and isinstance(value, str | int) and not isinstance(value, bool)


@frozen
class Response(Generic[T]):
    """A successful response of the gateway.

    Attributes:
        status_code: The HTTP status.
        content: The body as it arrived, in bytes.
        headers: The headers; their names are case-insensitive.
        parsed: The body as a model.
        request_id: The gateway's id of the request, from the body or else from the header `x-request-id`.
    """

    status_code: int
    content: bytes
    headers: httpx.Headers
    parsed: T
    request_id: str | None = None

    def __repr__(self) -> str:
        return f"Response(status_code={self.status_code}, content=<{len(self.content)} bytes>, parsed={self.parsed!r})"
