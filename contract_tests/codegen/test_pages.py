"""The generated tables of docs/ are up to date."""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path

import pytest

from scripts.codegen import pages
from scripts.spec import SpecError, load


def _cells(table: list[str]) -> dict[str, list[str]]:
    """Return the cells of each row of a table, by the row's first cell."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]
    return {row[0]: row for row in rows}


def test_the_pages_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """`make gen` would change nothing, and no table is left out of the pages."""
    assert 0 == pages.main(["--check"])
    assert "docs: up to date\n" == capsys.readouterr().out
    texts = [path.read_text("utf-8") for path in pages.PAGES.glob("*.md")]
    assert sorted(pages.TABLES) == sorted(
        name for text in texts for name in re.findall("<!-- generated: (.+) -->", text)
    )


def test_an_outdated_page_is_regenerated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the text between the marks changes, and --check changes nothing."""
    page = tmp_path / "tags.md"
    shutil.copy(pages.PAGES / "tags.md", page)
    right = page.read_text("utf-8")
    page.write_text(right.replace("`o_102`", "`o_999`"), "utf-8")

    assert 1 == pages.main(["--check", "--folder", str(tmp_path)])
    assert capsys.readouterr().out.endswith("run `make gen`:\ntags.md\n")
    assert "`o_999`" in page.read_text("utf-8")

    assert 0 == pages.main(["--folder", str(tmp_path)])
    assert f"{tmp_path.name}: 1 pages changed\n" == capsys.readouterr().out
    assert page.read_text("utf-8") == right


def test_a_mark_of_an_unknown_table_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message lists the known tables, and no page is written."""
    (tmp_path / "page.md").write_text("<!-- generated: names -->\n<!-- /generated -->\n", "utf-8")

    assert 1 == pages.main(["--folder", str(tmp_path)])
    assert (
        "no table is called names: use one of codes, fields, gateways, rules, tags, task-fields"
        in capsys.readouterr().err
    )
    with pytest.raises(SpecError):
        pages.rewrite((tmp_path / "page.md").read_text("utf-8"), load())


@pytest.mark.parametrize(
    ("field", "sent_by", "kind", "limits", "rules"),
    [
        ("element_name", "images, video", "string, required", "1 to 20 characters", "R04"),
        ("element_image_list.refer_images", "images", "list, required", "1 to 3 items", "R11"),
        (
            "element_image_list.frontal_image",
            "images",
            "image, required",
            "at most 10 MiB",
            "R10, R13, R14, R15, R16, R17",
        ),
        ("element_video_list.refer_videos[].video_url", "video", "string, required", "http", "R19, R20, R21, R22, R23"),
        ("tag_list[].tag_id", "images, video", "string, required", "`o_101`; `o_102`", "R30"),
        ("external_task_id", "images, video", "string", "", "R32"),
        ("element_id", "`deleteElement`", "string or whole number, required", "id", ""),
    ],
    ids=lambda value: str(value)[:20],
)
def test_each_field_of_a_request_has_its_type_limits_and_rules(
    field: str, sent_by: str, kind: str, limits: str, rules: str
) -> None:
    """Fields of list items have their own rows. The rules of a field include those of its image or video."""
    row = _cells(pages.request_fields(load()))[f"`{field}`"]

    assert [sent_by, kind] == row[1:3]
    assert limits in row[3]
    assert row[4]
    assert row[5] == rules


def test_the_tables_follow_the_contract() -> None:
    """A changed limit and a new field appear in the table."""
    document = copy.deepcopy(load())
    document["components"]["schemas"]["ElementName"]["maxLength"] = 40
    document["components"]["schemas"]["Task"]["properties"]["mood"] = {"description": "How it feels.", "type": "number"}

    assert "1 to 40 characters" == _cells(pages.request_fields(document))["`element_name`"][3]
    assert "| `mood` | number | How it feels. |" in pages.task_fields(document)


def test_the_fields_of_a_task_include_those_of_its_elements() -> None:
    """Lists are marked, and a field without a type has the type `any`."""
    table = _cells(pages.task_fields(load()))

    assert "string or whole number" == table["`task_id`"][1]
    assert "whole number or string" == table["`task_result.elements[].element_id`"][1]
    assert "any" == table["`task_result.elements[].element_image_list`"][1]
