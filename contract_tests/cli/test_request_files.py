"""Request files in YAML and JSON are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_elements.cli import request_files
from kling_elements.cli.exits import CommandError


def test_names_of_files_become_paths_relative_to_the_request(tmp_path: Path) -> None:
    """Addresses, Base64 and other strings stay strings, even if they look like file names."""
    long = "A" * 2000
    file = tmp_path / "mara.yaml"
    file.write_text(
        "element_name: mara.jpg\n"
        "element_image_list:\n"
        "  frontal_image: photos/mara.jpg\n"
        "  refer_images:\n"
        "    - image_url: https://media.example.com/a.jpg\n"
        "    - image_url: data:image/png;base64,AAAA\n"
        f"    - image_url: {long}\n"
        "    - image_url: 7\n"
    )

    content = request_files.read(file)

    images = content.request["element_image_list"]
    path = tmp_path / "photos" / "mara.jpg"
    assert ("mara.jpg", path) == (content.request["element_name"], images["frontal_image"])
    assert {"/element_image_list/frontal_image": path} == content.images
    others = ["https://media.example.com/a.jpg", "data:image/png;base64,AAAA", long, 7]
    assert others == [image["image_url"] for image in images["refer_images"]]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", b'{"a": 1, "a": 2}', "is not valid JSON: "),
        ("a.yaml", b"a: [1", "is not valid YAML: .* in line 1"),
        ("a.yaml", b"a: \xff", "is not UTF-8: invalid start byte at byte 3"),
        ("a.yaml", b"a: *nobody", "is not valid YAML: "),
        ("a.yaml", b"a: !!int x", "is not valid YAML: ValueError"),
        ("a.yaml", b"[" * 5000, "is not valid YAML: RecursionError"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_reported(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    """The message says where in the file the error is."""
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(CommandError, match=f"{name}: {reason}"):
        request_files.read(file)


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file larger than any valid request is refused as well."""
    with pytest.raises(CommandError, match=r"nobody\.json: cannot be read: No such file"):
        request_files.read(tmp_path / "nobody.json")
    (tmp_path / "large.json").write_text('"too long"')
    monkeypatch.setattr(request_files, "_MAX_BYTES", 5)
    with pytest.raises(CommandError, match="is larger than any request may be"):
        request_files.read(tmp_path / "large.json")
