# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

from __future__ import annotations

from enum import StrEnum


class TagId(StrEnum):
    """The kind of element: `o_101` Trending, `o_102` Character, `o_103` Animal, `o_104` Prop, `o_105` Clothing, `o_106`
    Scene, `o_107` Effect, `o_108` Other. Some gateways call Trending meme, Character person and Clothing costume."""

    TRENDING = "o_101"
    CHARACTER = "o_102"
    ANIMAL = "o_103"
    PROP = "o_104"
    CLOTHING = "o_105"
    SCENE = "o_106"
    EFFECT = "o_107"
    OTHER = "o_108"
