"""Requests with files as images, and the text that is sent for them."""

from __future__ import annotations

from typing import Any

from contract_tests.reading.cases import base_body
from contract_tests.reading.images import Picture
from kling_elements_client import contract

LARGE = Picture(format="jpeg", file_size=600_001).build()


def body_with_images(front: Any, *others: Any) -> dict[str, Any]:
    """Return a body with these images."""
    body: Any = base_body("image")
    images = {
        "frontal_image": front,
        "refer_images": [{"image_url": other} for other in others or ("https://a.example",)],
    }
    return {**body, "element_image_list": images}


def sent_text(body: Any) -> bytes:
    """Return the text that would be sent."""
    content = contract.check("createElement", body).content
    assert content is not None
    return content if isinstance(content, bytes) else b"".join(content)
