"""The clients to compare, with one common interface. You can pass images as files or as URLs."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import httpx

TOKEN = "bench-token"  # noqa: S105 - the local server accepts any token
IMAGE_URLS = ("https://media.example.com/mara/front.jpg", "https://media.example.com/mara/left.jpg")
TEXTS = {"element_name": "Mara", "element_description": "Keeper of a lighthouse, red raincoat."}


def body(frontal: object, *references: object) -> dict[str, Any]:
    """Return the JSON value of a request with these images."""
    images = {"frontal_image": frontal, "refer_images": [{"image_url": reference} for reference in references]}
    return {**TEXTS, "reference_type": "image_refer", "element_image_list": images, "tag_list": [{"tag_id": "o_102"}]}


class MeasuredClient(Protocol):
    """The interface of a client that the programs use."""

    def connect(self, url: str, ca: str | None = None) -> None:
        """Create the client for a server whose certificates come from this authority."""

    def request(self, images: Sequence[str | Path]) -> Any:
        """Return the model of a request with these images, the frontal one first."""

    def create(self, request: Any) -> str:
        """Send a request and return the id of the task."""


def text_of(image: str | Path) -> str:
    """Return a URL unchanged, and a file as Base64, for clients that don't accept files."""
    return base64.b64encode(image.read_bytes()).decode() if isinstance(image, Path) else image


class Ours:
    """This project's client."""

    package = "kling_elements_client"

    def __init__(self) -> None:
        self._root = import_module(self.package)
        self._models = import_module(f"{self.package}.models")
        self._operation = import_module(f"{self.package}.api.elements.create_element")
        self._client: Any = None

    def connect(self, url: str, ca: str | None = None) -> None:
        """Create the client for a server whose certificates come from this authority."""
        verify = ssl.create_default_context(cafile=ca)
        self._client = self._root.AuthenticatedClient(api_key=TOKEN, base_url=url, http_client={"verify": verify})

    def connect_in_process(self, transport: httpx.BaseTransport) -> None:
        """Create the client with a transport that replaces the network."""
        self._client = self._root.AuthenticatedClient(
            api_key=TOKEN, base_url="http://127.0.0.1", http_client={"transport": transport}
        )

    def request(self, images: Sequence[str | Path]) -> Any:
        """Return the model of a request with these images, the frontal one first."""
        models = self._models
        frontal, *references = map(self._image, images)
        return models.ImageElementRequest(
            **TEXTS,
            element_image_list=models.ElementImageList(
                frontal_image=frontal, refer_images=[models.ReferImage(image_url=image) for image in references]
            ),
            tag_list=[models.ElementTag(tag_id=models.TagId.CHARACTER)],
        )

    def create(self, request: Any) -> str:
        """Send a request and return the id of the task."""
        return str(self._operation.sync(client=self._client, body=request).data.task_id)

    async def create_async(self, request: Any) -> str:
        """The async version of `create`."""
        response = await self._operation.asyncio(client=self._client, body=request)
        return str(response.data.task_id)

    def _image(self, image: str | Path) -> str | Path:
        return image


class Stock(Ours):
    """The client that openapi-python-client generates from the same document. Its models have the same names."""

    package = "stock_client"

    def connect(self, url: str, ca: str | None = None) -> None:
        """Create the client for a server whose certificates come from this authority."""
        verify = ssl.create_default_context(cafile=ca)
        self._client = self._root.AuthenticatedClient(token=TOKEN, base_url=url, verify_ssl=verify)

    def connect_in_process(self, transport: httpx.BaseTransport) -> None:
        """Create the client with a transport that replaces the network."""
        self._client = self._root.AuthenticatedClient(
            token=TOKEN, base_url="http://127.0.0.1", httpx_args={"transport": transport}
        )

    def _image(self, image: str | Path) -> str | Path:
        return text_of(image)


def make_generated(name: str) -> Ours:
    """Return the client with this name, ours or the stock one."""
    return {"ours": Ours, "stock": Stock}[name]()


def make(name: str) -> MeasuredClient:
    """Return the client with this name."""
    if name == "openapi-generator":
        from tools.bench.programs.openapi_generator import OpenapiGenerator  # noqa: PLC0415 - not always installed

        return OpenapiGenerator()
    return make_generated(name)
