"""The client that openapi-generator generates from the same document. That needs Java, so no test runs this module."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tools.bench.programs.clients import TEXTS, TOKEN, text_of


class OpenapiGenerator:
    """The generated client with the interface of `clients.MeasuredClient`."""

    def __init__(self) -> None:
        self._root = import_module("openapi_generator_client")
        self._api: Any = None

    def connect(self, url: str, ca: str | None = None) -> None:
        """Create the client for a server whose certificates come from this authority."""
        configuration = self._root.Configuration(host=url, access_token=TOKEN, ssl_ca_cert=ca)
        self._api = self._root.ElementsApi(self._root.ApiClient(configuration))

    def request(self, images: Sequence[str | Path]) -> Any:
        """Return the model of a request with these images, the frontal one first."""
        models = self._root
        frontal, *references = (models.ImageReference(text_of(image)) for image in images)
        request = models.ImageElementRequest(
            **TEXTS,
            reference_type="image_refer",
            element_image_list=models.ElementImageList(
                frontal_image=frontal, refer_images=[models.ReferImage(image_url=image) for image in references]
            ),
            tag_list=[models.ElementTag(tag_id=models.TagId.CHARACTER)],
        )
        return models.CreateElementRequest(request)

    def create(self, request: Any) -> str:
        """Send a request and return the id of the task."""
        return str(self._api.create_element(request).data.task_id)
