"""Create elements from a photograph on a mock server, and recover one whose response was lost: `make demo`."""

from __future__ import annotations

import base64
import contextlib
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import matplotlib as mpl
from PIL import Image

from kling_elements import KlingElements
from kling_elements_client.errors import ContractError, KlingError
from kling_elements_client.models import ElementImageList, ElementTag, ImageElementRequest, ReferImage, TagId
from scripts.codegen import generate

_PHOTOGRAPH = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
_HEAD = (110, 30, 430, 390)  # left, upper, right and lower edges in pixels
_UNIFORM = (60, 290, 460, 600)
_TOO_SMALL = (150, 50, 449, 400)
_NEXT_STEPS = """\
What to try next:
- make mock: serve the mock server on http://127.0.0.1:8787, and call it from your own program
- scripts/demo.py: the code of this demo
- docs/first-element.md: your first element with a real API key"""


def _base64_of(photograph: Image.Image, edges: tuple[int, int, int, int]) -> str:
    """Return a crop of the photograph as a JPEG in Base64."""
    file = io.BytesIO()
    photograph.crop(edges).save(file, "JPEG", quality=95)
    return base64.b64encode(file.getvalue()).decode()


@contextlib.contextmanager
def _mock_server() -> Iterator[str]:
    """Run a mock server during the block, and yield its address."""
    command = [sys.executable, "-m", "kling_elements.mock", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - `stdout` is a pipe
        line = server.stdout.readline().strip()
        print(line)
        try:
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            server.terminate()


def _request(photograph: Image.Image) -> ImageElementRequest:
    return ImageElementRequest(
        element_name="Grace Hopper",
        element_description="Rear admiral and computer scientist, in uniform.",
        element_image_list=ElementImageList(
            frontal_image=_PHOTOGRAPH,
            refer_images=[
                ReferImage(image_url=_base64_of(photograph, _HEAD)),
                ReferImage(image_url=_base64_of(photograph, _UNIFORM)),
            ],
        ),
        tag_list=[ElementTag(tag_id=TagId.CHARACTER)],
    )


def _show_creation(kling: KlingElements, photograph: Image.Image) -> None:
    request = _request(photograph)
    print(request)
    task = kling.create(request)
    print(f"Task {task.task_id} is {task.task_status}. Waiting for it to finish.")
    element = kling.wait(task, max_wait_seconds=60)
    print(f"element_id: {element.element_id}")


def _show_recovery(kling: KlingElements, photograph: Image.Image) -> None:
    request = _request(photograph)
    request.external_task_id = "grace-hopper-2"  # your own id, with which you can find the task again
    _lose_next_response(kling.client.base_url)
    try:
        kling.create(request)
    except KlingError as error:
        print(f"create raised: {error}")
        print(f"outcome: {error.outcome}, external_task_id: {error.external_task_id}")
    task = kling.get_or_create(request)
    element = kling.wait(task, max_wait_seconds=60)
    elements = [task.external_task_id for task in kling.list()].count(request.external_task_id)
    print(f"get_or_create returned task {task.task_id}, which the lost create had started.")
    print(f"The account has {elements} element with this external_task_id. element_id: {element.element_id}")


def _lose_next_response(address: str) -> None:
    """Make the mock server create the next element, but cut the connection before its response."""
    httpx.post(f"{address}/_mock/faults", json=["drop-after"], trust_env=False).raise_for_status()


def _show_refusal(kling: KlingElements, photograph: Image.Image) -> bool:
    request = _request(photograph)
    request.element_name = "Rear Admiral Grace Hopper"
    request.element_image_list.refer_images[1].image_url = _base64_of(photograph, _TOO_SMALL)
    request.additional_properties["tags"] = ["o_102"]
    print(request)
    try:
        kling.create(request)
    except ContractError as error:
        print("\nThe client refuses to send it:", *error.violations, sep="\n")
        return True
    print("error: the request was sent, although it breaks the contract")
    return False


def main() -> int:
    """Run the demo and return the exit code."""
    print("1. Generate the client from openapi/kling-elements.yaml")
    if generate.main([]):
        return 1

    print("\n2. Start a mock server that enforces the same file")
    with _mock_server() as address, KlingElements("demo-token", address) as kling:
        photograph = Image.open(_PHOTOGRAPH)

        print("\n3. Try to send a request that breaks the contract in three places")
        if not _show_refusal(kling, photograph):
            return 1

        print(f"\n4. Create an element from {_PHOTOGRAPH.name} and two crops of it, and wait for it")
        _show_creation(kling, photograph)

        print("\n5. Create another element, whose response the mock server throws away on purpose")
        _show_recovery(kling, photograph)
    print(f"\n{_NEXT_STEPS}")
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
