"""Creates a subject from a photograph, on a mock server, and shows what a refused request looks like: `make demo`."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
from PIL import Image

from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.errors import ContractError
from kling_elements_client.models import ElementImageList, ElementTag, ImageElementRequest, ReferImage, TagId
from scripts import generate

_PHOTOGRAPH = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
_HEAD = (110, 30, 430, 390)  # left, upper, right and lower edge, in pixels
_UNIFORM = (60, 290, 460, 600)
_TOO_SMALL = (150, 50, 449, 400)


def _base64_of(photograph: Image.Image, edges: tuple[int, int, int, int]) -> str:
    """A part of the photograph as the Base64 text of a JPEG file."""
    file = io.BytesIO()
    photograph.crop(edges).save(file, "JPEG", quality=95)
    return base64.b64encode(file.getvalue()).decode()


@contextlib.contextmanager
def _mock_server() -> Iterator[str]:
    """The address of a mock server that runs as long as the block."""
    command = [sys.executable, "-m", "kling_elements.mock", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - it is a pipe
        line = server.stdout.readline().strip()
        print(line)
        try:
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            server.terminate()


def main() -> int:
    """Runs the demonstration; returns the exit code."""
    print("1. Generate the client from openapi/kling-elements.yaml")
    if generate.main([]):
        return 1

    print("\n2. Start a server that enforces the same file")
    with _mock_server() as address, AuthenticatedClient(token="demo-token", base_url=address) as client:  # noqa: S106
        print(f"\n3. Create a subject from {_PHOTOGRAPH.name} and two crops of it")
        photograph = Image.open(_PHOTOGRAPH)
        request = ImageElementRequest(
            element_name="Grace Hopper",
            element_description="Rear admiral and computer scientist, in uniform.",
            element_image_list=ElementImageList(
                frontal_image=base64.b64encode(_PHOTOGRAPH.read_bytes()).decode(),
                refer_images=[
                    ReferImage(image_url=_base64_of(photograph, _HEAD)),
                    ReferImage(image_url=_base64_of(photograph, _UNIFORM)),
                ],
            ),
            tag_list=[ElementTag(tag_id=TagId.CHARACTER)],
        )
        print(request)
        answer = create_element.sync_detailed(client=client, body=request)
        print(f"HTTP {answer.status_code}")
        print(json.dumps(answer.parsed.to_dict(), indent=2))

        print("\n4. A request that breaks the contract is not sent")
        request.element_name = "Rear Admiral Grace Hopper"
        request.element_image_list.refer_images[1].image_url = _base64_of(photograph, _TOO_SMALL)
        request.additional_properties["tags"] = ["o_102"]
        try:
            create_element.sync(client=client, body=request)
        except ContractError as error:
            print(*error.violations, sep="\n")
            return 0
    print("error: the request was sent")
    return 1


if __name__ == "__main__":
    sys.exit(main())
