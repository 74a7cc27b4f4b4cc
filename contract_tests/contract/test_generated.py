"""Client, mock server and oracle agree on random bodies from Schemathesis."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from contract_tests.support import generation
from contract_tests.support.judges import Judges

pytestmark = pytest.mark.slow
_LONG_RUN = int(os.environ.get("KLING_FUZZ", "0"))  # bodies for each test, at random: `make fuzz N=...`
_BODIES = _LONG_RUN or 1_200
_GENERATE = settings(
    max_examples=_BODIES,
    database=None,
    derandomize=not _LONG_RUN,
    phases=[Phase.generate],  # a failing body is shown unchanged, because shrinking takes minutes
    suppress_health_check=list(HealthCheck),
)


def _body_of(case: schemathesis.Case[Any]) -> Any:
    """Return a generated body, or None if the case has none."""
    return case.body if isinstance(case.body, dict | list | str | int | float | bytes) else None


def _each_body(mode: GenerationMode, check: Callable[[Any], object]) -> None:
    @_GENERATE
    @given(generation.operation().as_strategy(generation_mode=mode))
    def run(case: schemathesis.Case[Any]) -> None:
        check(_body_of(case))

    run()


def test_client_server_and_oracle_agree_on_conforming_bodies(judges: Judges) -> None:
    """All three accept every body that Schemathesis generates from the schema."""
    _each_body(GenerationMode.POSITIVE, judges.agree_on_create)

    assert {True: _BODIES} == judges.verdicts


def test_client_server_and_oracle_agree_on_broken_bodies(judges: Judges) -> None:
    """Most of the bodies are refused, by many different rules."""
    not_json = []

    def check(body: Any) -> None:
        if isinstance(body, bytes):  # not JSON: only a server can receive such a body
            not_json.append(judges.mock.post(content=body).status)
        else:
            judges.agree_on_create(body)

    _each_body(GenerationMode.NEGATIVE, check)

    assert {400} == set(not_json)
    assert judges.verdicts.total() >= _BODIES * 5 // 6
    assert len(judges.distinct) >= _BODIES // 3
    assert _BODIES == judges.verdicts.total() + len(not_json)
    assert judges.verdicts[False] > _BODIES // 2
    refusing = {"R03", "R04", "R05", "R06", "R10", "R11", "R13", "R18", "R19", "R27", "R29", "R30", "R31", "R32", "R33"}
    assert set() == refusing - {rule for rule, times in judges.rules.items() if times >= 3}


def test_client_server_and_oracle_agree_on_unusual_images_and_urls(judges: Judges) -> None:
    """The pictures and URLs are near the limits, and occur at every place."""
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
        judges.agree_on_create(body)

    run()

    assert len(judges.distinct) >= _BODIES // 2
    assert judges.verdicts[True] >= _BODIES // 50
    assert judges.verdicts[False] >= _BODIES // 2
    refusing = {"R13", "R14", "R16", "R17", "R18", "R19", "R31"}
    assert set() == refusing - {rule for rule, times in judges.rules.items() if times >= 10}
