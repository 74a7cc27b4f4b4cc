"""The methods that control a mock server from a test."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.reading.image_body import body_with
from contract_tests.support.running import tls
from kling_elements import KlingElements
from kling_elements.testing import respx_router
from kling_elements_client.errors import ResponseError


def test_an_id_of_another_product_is_refused_as_a_duplicate_that_cannot_be_found() -> None:
    """Any other id is still free. A video of the account, for example, may use the id."""
    with respx_router() as router, KlingElements("any-token", http_client={"verify": tls()}) as kling:
        router.kling.use_ids("a-video", "another")
        for call in (kling.create, kling.get_or_create):
            with pytest.raises(ResponseError, match="External_task_id a-video already exists") as caught:
                call(body_with(external_task_id="a-video"))
            assert "may_exist" == caught.value.outcome
        kling.create(body_with(external_task_id="free"))

        assert ["free"] == [task["external_task_id"] for task in router.kling.tasks()]


@pytest.mark.parametrize(
    ("control", "arguments", "message"),
    [
        ("queue_faults", ["drop-sideways"], "there is no fault 'drop-sideways'; use one of none, "),
        ("step", [-1], "seconds"),
        ("use_ids", ["a", ""], "the body must be a list of ids"),
        ("step", ["1"], "seconds"),
    ],
)
def test_invalid_arguments_of_a_control_are_an_error(control: str, arguments: list[Any], message: str) -> None:
    """The message says what is allowed."""
    with respx_router() as router, pytest.raises(ValueError, match=message):
        getattr(router.kling, control)(*arguments)


def test_the_repr_hides_the_token() -> None:
    """Only the URL is shown."""
    with respx_router() as router:
        assert "MockGateway(url='https://www.kkiai.com')" == repr(router.kling)
