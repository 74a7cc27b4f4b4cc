"""The message of a violation ends with advice, and the remedy stays with the violation."""

from __future__ import annotations

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.scripted import Client, ScriptedClient
from kling_elements import errors
from kling_elements.advice import with_advice, without_advice
from kling_elements.gateway_catalog import contract_of
from kling_elements_client.errors import ContractError, Violation
from kling_elements_client.gateways import BASE_URLS, LIFTED_RULES
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
    """The remedies are kept although the client removes the token from each violation."""
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


def test_the_message_of_a_rule_that_some_gateways_lack_names_them(client_class: Client) -> None:
    """It also says how to relax the rule, if another gateway lacks it too."""
    error = ScriptedClient(client_class).error_of("create", {**BODY, "element_voice_id": "v-1"})

    assert str(error) == (
        "/element_voice_id: the property 'element_voice_id' is not allowed in this kind of request; some gateways "
        'allow this: gateway="kling-beijing", gateway="kling-singapore"; or use relax={"R28"} [R28]'
    )


@pytest.mark.parametrize("gateway", BASE_URLS)
def test_the_lifted_rules_are_those_that_a_contract_lacks(gateway: str) -> None:
    own, its = (contract_of(name, None).document()["x-rules"].keys() for name in ("kkiai", gateway))

    assert own - its == {rule for rule, names in LIFTED_RULES.items() if gateway in names}


def test_advice_on_a_rule_can_be_added_and_removed() -> None:
    violation = Violation("/a", "R28", "is a HEIC", "fit")

    advised = with_advice(violation)

    assert advised.message.startswith(f"{_FIT}; some gateways")
    assert violation == without_advice(advised) == without_advice(violation)
