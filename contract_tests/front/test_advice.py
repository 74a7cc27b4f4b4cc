"""If fitting an image helps, the message of its violation ends with advice."""

from __future__ import annotations

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.scripted import Client, ScriptedClient
from kling_elements import errors
from kling_elements.advice import with_advice, without_advice
from kling_elements_client.errors import ContractError, Violation
from kling_elements_runtime.errors import Remedy

_FIT = "is a HEIC; kling_elements.media.fit_image makes a copy that conforms"
_MESSAGES: dict[Remedy, str] = {
    "none": "is a HEIC",
    "fit": _FIT,
    "plugin": f"{_FIT}, once you have called pillow_heif.register_heif_opener() of the package pillow-heif",
}


@pytest.mark.parametrize("remedy", _MESSAGES)
def test_advice_can_be_added_and_removed(remedy: Remedy) -> None:
    violation = Violation("/a", "R14", "is a HEIC", remedy)

    advised = with_advice(violation)

    assert (_MESSAGES[remedy], remedy) == (advised.message, advised.remedy)
    assert violation == without_advice(advised) == without_advice(violation)


def test_a_caught_error_has_the_remedy_of_each_violation(client_class: Client) -> None:
    """The client removes the token from each violation, and keeps everything else."""
    front = base64_of(Picture(width=299).build())
    images = {**BODY["element_image_list"], "frontal_image": front}

    error = ScriptedClient(client_class).error_of("create", {**BODY, "element_name": "", "element_image_list": images})

    assert isinstance(error, ContractError)
    assert {"R16": "fit"} == {v.rule: v.remedy for v in error.violations if v.pointer.startswith("/element_image_list")}
    assert {"none"} == {v.remedy for v in error.violations if v.pointer == "/element_name"}


def test_removing_the_token_from_an_error_keeps_remedies() -> None:
    error = ContractError([Violation("/secret", "R14", "is secret", "fit")])

    errors.redact(error, lambda text: text.replace("secret", "[hidden]"))

    (violation,) = error.violations
    assert violation == Violation("/[hidden]", "R14", "is [hidden]")
    assert "fit" == violation.remedy
