"""Schemathesis makes bodies that nobody thought of: client, mock server and oracle must agree on every one."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from contract_tests import generation, oracle
from kling_elements.mock import create_app
from kling_elements_client import AuthenticatedClient, contract
from kling_elements_client.api.elements import create_element
from kling_elements_client.errors import ContractError

_LONG_RUN = int(os.environ.get("KLING_FUZZ", "0"))  # bodies for each test, at random: `make fuzz N=...`
_BODIES = _LONG_RUN or 1_200
_GENERATE = settings(
    max_examples=_BODIES,
    database=None,
    derandomize=not _LONG_RUN,
    phases=[Phase.generate],  # a body that fails is shown as it is, without minutes of shrinking
    suppress_health_check=list(HealthCheck),
)
_HEADERS = [(b"authorization", b"Bearer test-token"), (b"content-type", b"application/json")]


class Judges:
    """The three that must agree, and the tally of what they said."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.said: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.distinct = set[int]()
        self._client = AuthenticatedClient(
            token="test-token", httpx_args={"transport": httpx.MockTransport(self._receive)}
        )
        self._mock = create_app(unique_external_ids=False, callbacks=False)
        self._path = contract.operations()["createElement"].path

    def _receive(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(json.loads(request.content))
        return httpx.Response(200, json={})

    def mock_status(self, content: bytes) -> int:
        """What the mock server answers to a body."""
        return self._mock.answer("POST", self._path, _HEADERS, content).status

    def client_verdict(self, body: Any) -> bool:
        """Whether the client sends a body. It must send exactly that body, or nothing."""
        self.sent.clear()
        try:
            create_element.sync(client=self._client, body=body)
        except ContractError as error:
            assert self.sent == []
            self.rules.update({violation.rule for violation in error.violations})
            return False
        assert [body] == self.sent
        return True

    def agree(self, body: Any) -> bool:
        """Fails unless all give one verdict; returns it."""
        verdicts = {
            "oracle": oracle.accepts(body),
            "client": self.client_verdict(body),
            "mock": {200: True, 400: False}[self.mock_status(json.dumps(body).encode())],
        }
        assert len(set(verdicts.values())) == 1, f"{verdicts} on {json.dumps(body)}"
        self.said["accepted" if verdicts["oracle"] else "refused"] += 1
        self.distinct.add(hash(json.dumps(body, sort_keys=True)))
        return verdicts["oracle"]

    def close(self) -> None:
        """Closes the client and the mock server."""
        self._client.close()
        self._mock.close()


@pytest.fixture
def judges() -> Iterator[Judges]:
    judges = Judges()
    yield judges
    judges.close()


def _body_of(case: schemathesis.Case[Any]) -> Any:
    """A generated body; what has none stands for an empty one."""
    return case.body if isinstance(case.body, dict | list | str | int | float | bytes) else None


def _each_body(mode: GenerationMode, check: Callable[[Any], object]) -> None:
    @_GENERATE
    @given(generation.operation().as_strategy(generation_mode=mode))
    def run(case: schemathesis.Case[Any]) -> None:
        check(_body_of(case))

    run()


def test_all_agree_on_bodies_made_to_conform(judges: Judges) -> None:
    """Every body that Schemathesis makes from the schema is accepted by all three."""
    _each_body(GenerationMode.POSITIVE, judges.agree)

    assert judges.said == {"accepted": _BODIES}


def test_all_agree_on_bodies_made_to_break_the_contract(judges: Judges) -> None:
    """Every body that Schemathesis breaks gets one verdict from all three; most are refused, for many rules."""
    not_json = []

    def check(body: Any) -> None:
        if isinstance(body, bytes):  # no JSON at all: only a server ever sees such a body
            not_json.append(judges.mock_status(body))
        else:
            judges.agree(body)

    _each_body(GenerationMode.NEGATIVE, check)

    assert {400} == set(not_json)
    assert judges.said.total() >= _BODIES * 5 // 6
    assert len(judges.distinct) >= _BODIES // 3
    assert judges.said.total() + len(not_json) == _BODIES
    assert judges.said["refused"] > _BODIES // 2
    refusing = {"R03", "R04", "R05", "R06", "R10", "R11", "R13", "R18", "R19", "R27", "R29", "R30", "R31", "R32", "R33"}
    assert set() == refusing - {rule for rule, times in judges.rules.items() if times >= 3}


def test_all_agree_on_odd_images_and_addresses(judges: Judges) -> None:
    """Pictures and addresses near the edge of what is allowed get one verdict from all three, at every place."""
    references = (
        generation.image_texts() | generation.mutated_image_texts() | generation.odd_urls() | st.text(max_size=8)
    )
    image_bodies = st.fixed_dictionaries(
        {
            "element_name": st.just("Ada"),
            "element_description": st.just("A woman in a blue dress"),
            "reference_type": st.just("image_refer"),
            "element_image_list": st.fixed_dictionaries(
                {
                    "frontal_image": references | generation.good_image_texts(),
                    "refer_images": st.lists(
                        st.fixed_dictionaries({"image_url": references | generation.good_image_texts()}),
                        min_size=1,
                        max_size=2,
                    ),
                }
            ),
        },
        optional={"callback_url": generation.odd_urls()},
    )
    video_bodies = st.fixed_dictionaries(
        {
            "element_name": st.just("Ada"),
            "element_description": st.just("A woman in a blue dress"),
            "reference_type": st.just("video_refer"),
            "element_video_list": st.fixed_dictionaries(
                {"refer_videos": st.lists(st.fixed_dictionaries({"video_url": generation.odd_urls()}), max_size=2)}
            ),
        },
        optional={"callback_url": generation.odd_urls()},
    )

    @_GENERATE
    @given(image_bodies | video_bodies)
    def run(body: dict[str, Any]) -> None:
        judges.agree(body)

    run()

    assert len(judges.distinct) >= _BODIES // 2
    assert judges.said["accepted"] >= _BODIES // 50
    assert judges.said["refused"] >= _BODIES // 2
    refusing = {"R13", "R14", "R16", "R17", "R18", "R19", "R31"}
    assert set() == refusing - {rule for rule, times in judges.rules.items() if times >= 10}
