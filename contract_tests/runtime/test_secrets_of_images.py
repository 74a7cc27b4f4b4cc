"""No message shows an image."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
import respx

from contract_tests.reading.image_body import body_with
from contract_tests.reading.images import Picture
from contract_tests.support.error_texts import texts_of
from contract_tests.support.running import MakeClient
from kling_elements_client import AuthenticatedClient, errors
from kling_elements_client.api.elements import create_element
from kling_elements_client.contract import violations


def _image(**picture: Any) -> str:
    return base64.b64encode(Picture(**picture).build()).decode()


_IMAGE = _image(file_size=90_000)


def _shows(text: str, medium: str) -> bool:
    """Return whether a string contains any 24 consecutive characters of a medium."""
    return any(
        run[start : start + 24] in medium
        for run in re.findall(r"[A-Za-z0-9+/=]{24,}", text)
        for start in range(len(run) - 23)
    )


_BAD_IMAGES = {
    "too small": _image(width=299),
    "too long": _image(width=900),
    "a GIF": _image(format="gif"),
    "cut short": _image(file_size=90_000, truncate_to=20),
    "too large": _image(file_size=10_485_761),
    "not Base64 at its end": f"{_IMAGE}!",
    "a data URL": f"data:image/png;base64,{_IMAGE}",
    "good": _IMAGE,
}
_PLACES: dict[str, Callable[[str], Any]] = {
    "frontal_image": lambda image: {
        "frontal_image": image,
        "refer_images": [{"image_url": "https://example.com/s.png"}],
    },
    "image_url": lambda image: {"frontal_image": "https://example.com/f.png", "refer_images": [{"image_url": image}]},
    "an unknown property": lambda image: {"image": image},
    "instead of the object": lambda image: image,
    "instead of the list": lambda image: {"frontal_image": "https://example.com/f.png", "refer_images": image},
    "instead of an item": lambda image: {"frontal_image": "https://example.com/f.png", "refer_images": [image]},
}


@pytest.mark.parametrize("name", _BAD_IMAGES)
@pytest.mark.parametrize("place", _PLACES)
def test_a_violation_does_not_show_an_image(
    name: str, place: str, make_client: MakeClient, router: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the exception nor the log of a warning client contains any of it, and both are short."""
    router.post().respond(json={})
    image = _BAD_IMAGES[name]
    body = body_with(element_image_list=_PLACES[place](image))
    reported = violations("createElement", body)

    create_element.sync(client=make_client(on_violation="warn"), body=body)
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("kling")]
    texts = [*map(repr, reported), *map(str, reported), *logged]

    assert bool(reported) is not (name == "good" and place in {"frontal_image", "image_url"})
    assert [] == [text for text in texts if len(text) > 2500 or _shows(text, image)]


@pytest.mark.parametrize("field", ["element_name", "element_description", "reference_type", "callback_url", "tag_list"])
def test_an_image_in_a_wrong_field_is_not_shown(field: str, client: AuthenticatedClient) -> None:
    """If it is too long, the message gives only its length."""
    for value in (_IMAGE, [{"tag_id": _IMAGE}]):
        with pytest.raises(errors.ContractError) as caught:
            create_element.sync(client=client, body=body_with(**{field: value}))

        assert [] == [text for text in texts_of(caught.value) if _shows(text, _IMAGE)]
        assert len(str(caught.value)) < 400
