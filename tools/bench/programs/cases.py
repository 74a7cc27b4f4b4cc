"""Measure how many bodies per second are generated, and checked if `is_checked`. Settings: `is_checked`, `bodies`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import Case, GenerationMode

from contract_tests.support import generation
from contract_tests.support.judges import Judges
from tools.bench.programs import figures


def _each_body(mode: GenerationMode, bodies: int, check: Callable[[Any], object]) -> None:
    @hypothesis_settings(
        max_examples=bodies,
        database=None,
        deadline=None,
        derandomize=True,  # so that all processes see the same bodies
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(generation.operation().as_strategy(generation_mode=mode))
    def run(case: Case[Any]) -> None:
        check(case.body if isinstance(case.body, dict | list | str | int | float | bytes) else None)

    run()


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    judges = Judges()

    def judge(body: Any) -> None:
        """Check a body as the contract tests do."""
        if isinstance(body, bytes):
            judges.mock.post(content=body)
        else:
            judges.agree_on_create(body)

    check: Callable[[Any], object] = judge if settings["is_checked"] else bool
    judge({})  # the first call reads the contract
    started = time.process_time()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        _each_body(mode, settings["bodies"], check)
    cpu = time.process_time() - started
    judges.close()
    figures.print_figures(cases_per_second=2 * settings["bodies"] / cpu)


if __name__ == "__main__":
    main(figures.settings())
