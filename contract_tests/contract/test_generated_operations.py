"""Client, mock server and oracle agree on random requests of all operations except createElement."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from contract_tests.reading import oracle
from contract_tests.support import generation
from contract_tests.support.judges import Judges
from kling_elements_client import contract
from kling_elements_client.api.elements import delete_element, get_element, list_elements, list_preset_elements

pytestmark = pytest.mark.slow
_LONG_RUN = int(os.environ.get("KLING_FUZZ", "0"))  # requests for each test, at random: `make fuzz N=...`
_REQUESTS = _LONG_RUN or 400
_GENERATE = settings(
    max_examples=_REQUESTS,
    database=None,
    derandomize=not _LONG_RUN,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_LISTS = {"listElements": list_elements, "listPresetElements": list_preset_elements}


def _is_writable(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


def test_client_server_and_oracle_agree_on_ids(judges: Judges) -> None:
    """A valid id reaches the mock server unchanged, and an invalid one is not sent."""
    odd = st.sampled_from(
        ["", ".", "..", "...", "/", "//", "../x", "%2e", "?", "#", "\n", ".\n", " ", "\x00", "\ud800"]
    )

    @_GENERATE
    @given(odd | st.text() | st.text(alphabet="./%?#&= \\\nä\U0001f98a"))
    def run(task_id: str) -> None:
        accepted = oracle.accepts_parameters({"id": task_id}, "getElement")
        sent = judges.client_verdict(lambda: get_element.sync(task_id, client=judges.client))
        judges.agree(task_id, oracle=accepted, client=sent)
        if _is_writable(task_id):
            path = contract.operation("getElement").path.replace("{id}", quote(task_id, safe="").replace(".", "%2E"))
            response = json.loads(
                judges.mock.send("GET", path).body
            )  # the message may repeat the id, with any characters
            judges.agree(task_id, oracle=accepted, mock={1201: True, 1200: False}[response["code"]])

    run()

    assert min(judges.verdicts[True] - _REQUESTS, judges.verdicts[False]) >= _REQUESTS // 50


def _pages(mode: GenerationMode, operation_id: str, check: Callable[[dict[str, Any]], None]) -> None:
    @_GENERATE
    @given(generation.operation(operation_id).as_strategy(generation_mode=mode))
    def run(case: schemathesis.Case[Any]) -> None:
        check(dict(case.query))

    run()


@pytest.mark.parametrize("operation_id", _LISTS)
@pytest.mark.parametrize("mode", GenerationMode)
def test_client_server_and_oracle_agree_on_pages(judges: Judges, operation_id: str, mode: GenerationMode) -> None:
    """A query with an unknown name is sent only to the server, because the client has no such argument."""
    names = {"pageNum": "page_num", "pageSize": "page_size"}
    path = contract.operation(operation_id).path

    def check(query: dict[str, Any]) -> None:
        if query.keys() - names.keys():  # the client has no such argument
            judges.verdicts[False] += 1
        else:
            accepted = oracle.accepts_parameters(query, operation_id)
            arguments = {names[name]: value for name, value in query.items()}
            call = _LISTS[operation_id].sync
            sent = judges.client_verdict(lambda: call(client=judges.client, **arguments))
            judges.agree(query, oracle=accepted, client=sent)
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
        read = {
            name: int(text) if text.removeprefix("-").isdecimal() and text.isascii() else text
            for name, text in texts.items()
        }
        conforms = not query.keys() - names.keys() and oracle.accepts_parameters(read, operation_id)
        sent_as = urlencode(texts, errors="surrogatepass")  # half a character must not make a query valid
        status = judges.mock.send("GET", f"{path}?{sent_as}" if texts else path).status
        assert status == (200 if conforms else 400), texts

    _pages(mode, operation_id, check)

    assert judges.verdicts.total() >= _REQUESTS
    expected = mode is GenerationMode.POSITIVE
    assert judges.verdicts[expected] >= _REQUESTS * 9 // 10
    assert not (expected and judges.verdicts[False])


@pytest.mark.parametrize("mode", GenerationMode)
def test_client_server_and_oracle_agree_on_deletions(judges: Judges, mode: GenerationMode) -> None:
    """All three agree on every body, valid or broken."""
    path = contract.operation("deleteElement").path

    @_GENERATE
    @given(generation.operation("deleteElement").as_strategy(generation_mode=mode))
    def run(case: schemathesis.Case[Any]) -> None:
        body: Any = case.body if isinstance(case.body, dict | list | str | int | float | bytes) else None
        if isinstance(body, bytes):
            assert 400 == judges.mock.send("POST", path, content=body).status
            judges.verdicts[False] += 1
            return
        response = json.loads(judges.mock.send("POST", path, content=json.dumps(body).encode()).body)
        judges.agree(
            body,
            oracle=oracle.accepts(body, "deleteElement"),
            client=judges.client_verdict(lambda: delete_element.sync(client=judges.client, body=body)),
            mock={1201: True, 1200: False}[response["code"]],
        )

    run()

    expected = mode is GenerationMode.POSITIVE
    assert judges.verdicts[expected] >= _REQUESTS * 9 // 10
    assert not (expected and judges.verdicts[False])
