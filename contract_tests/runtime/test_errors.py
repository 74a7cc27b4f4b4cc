"""All exceptions belong to one family and survive copying and pickling."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable

import httpx
import pytest

from kling_elements_client import errors

_RESPONSE = errors.ResponseSummary(
    status_code=503,
    headers=httpx.Headers({"X-Request-Id": "r-1", "Retry-After": "7"}),
    code=5001,
    message="maintenance",
    request_id="r-1",
    excerpt='{"code": 5001}',
)
_EXCEPTIONS = sorted(
    (kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, Exception)),
    key=lambda kind: kind.__name__,
)


def _example(kind: type[Exception]) -> Exception:
    if issubclass(kind, errors.TransportError):
        return kind("ConnectTimeout: slow", may_have_been_sent=False)
    match kind:
        case errors.ContractError:
            return errors.ContractError([errors.Violation("/a", "R04", "is bad"), errors.Violation("", "R33", "worse")])
        case errors.MediaError:
            return errors.MediaError("mara.jpg", "is no image", [errors.Violation("", "R14", "is no JPEG")])
        case _:
            return kind("what", _RESPONSE) if issubclass(kind, errors.ResponseError) else kind("what")


@pytest.mark.parametrize("kind", _EXCEPTIONS)
@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_an_exception_survives_copy_and_pickle(kind: type[Exception], clone: Callable[[Exception], Exception]) -> None:
    """The exception keeps its attributes, for example on the way back from a worker process."""
    error = _example(kind)
    cloned = clone(error)

    assert kind is type(cloned)
    assert str(error) == str(cloned)
    assert vars(error) == vars(cloned)
    if isinstance(error, errors.ResponseError) and isinstance(cloned, errors.ResponseError):
        assert error.headers == cloned.headers
        assert "7" == cloned.headers["retry-after"]
        assert (503, 5001, "r-1") == (cloned.status_code, cloned.code, cloned.request_id)
        assert '{"code": 5001}' == cloned.excerpt


def test_the_exceptions_are_one_family() -> None:
    """KlingError catches all of them, and a status error's parent classes catch it as well."""
    assert {name for name, kind in vars(errors).items() if kind in _EXCEPTIONS} <= set(errors.__all__)
    assert [] == [kind for kind in _EXCEPTIONS if not issubclass(kind, errors.KlingError)]
    assert issubclass(errors.ContractError, ValueError)
    assert (errors.ConnectionFailedError, errors.TransportError) == errors.ConnectionFailedError.__mro__[:2]
    assert (errors.RequestTimeoutError, errors.TransportError) == errors.RequestTimeoutError.__mro__[:2]
    assert issubclass(errors.RequestTimeoutError, TimeoutError)
    for kind in (
        errors.AuthenticationError,
        errors.PermissionDeniedError,
        errors.NotFoundError,
        errors.RateLimitError,
        errors.ServerError,
    ):
        assert (errors.StatusError, errors.ResponseError, errors.KlingError) == kind.__mro__[1:4]


def test_a_contract_error_lists_all_violations() -> None:
    """Each line gives a place, the mistake and the rule."""
    error = _example(errors.ContractError)

    assert "/a: is bad [R04]\n(body): worse [R33]" == str(error)
