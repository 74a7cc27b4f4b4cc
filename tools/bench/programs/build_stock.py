"""Do the same as `build_ours` without the check, and write the stock client's request as httpx would."""

from __future__ import annotations

import json
from importlib import import_module

models = import_module("stock_client.models")  # imported by name, because no type checker finds it

request = models.ImageElementRequest(
    element_name="Mara",
    element_description="Keeper of a lighthouse, red raincoat.",
    element_image_list=models.ElementImageList(
        frontal_image="https://media.example.com/mara/front.jpg",
        refer_images=[models.ReferImage(image_url="https://media.example.com/mara/left.jpg")],
    ),
    tag_list=[models.ElementTag(tag_id=models.TagId.CHARACTER)],
)
content = json.dumps(request.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
