# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field
from kling_elements_runtime.serialization import Model, from_json
from kling_elements_runtime.types import UNSET, Unset


@define(kw_only=True, repr=False)
class ElementVoice(Model):
    """A voice of the voice library.

    Attributes:
        voice_id: The voice's id.
        voice_name: The voice's name.
        trial_url: Where you can listen to the voice.
        owned_by: Who owns the voice, `kling` for the official library.
    """

    voice_id: int | None | str | Unset = UNSET
    voice_name: None | str | Unset = UNSET
    trial_url: None | str | Unset = UNSET
    owned_by: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = field(init=False, factory=dict)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Return the model of a JSON object, without checking, changing or losing anything.

        Raises:
            TypeError: The source is not a mapping.
        """
        return from_json(cls, source)
