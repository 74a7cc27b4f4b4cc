"""Results go to stdout and everything else to stderr, as text or as JSON."""

from __future__ import annotations

import pytest

from kling_elements.cli.output import Output


@pytest.mark.parametrize(
    ("as_json", "out"), [(False, "Mara\n"), (True, '{"name": "M\u00e4ra"}\n')], ids=["text", "JSON"]
)
def test_a_result_is_one_line_on_stdout(as_json: bool, out: str, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: FBT001
    """The JSON keeps non-ASCII letters."""
    Output(json=as_json).result({"name": "M\u00e4ra"}, "Mara")

    assert (out, "") == capsys.readouterr()


@pytest.mark.parametrize(("as_json", "out"), [(False, ""), (True, '{"error": "no"}\n')], ids=["text", "JSON"])
def test_an_error_about_one_source_is_on_stderr(as_json: bool, out: str, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: FBT001
    """With --json, programs also get the error on stdout."""
    Output(json=as_json).problem({"error": "no"}, "a.jpg: no")

    assert (out, "error: a.jpg: no\n") == capsys.readouterr()


def test_a_pipe_gets_no_progress_display(capsys: pytest.CaptureFixture[str]) -> None:
    with Output().progress() as progress:
        assert progress is None

    assert ("", "") == capsys.readouterr()
