"""Do the same as `build_stock` with the client that openapi-generator generates. No test runs either module."""

from __future__ import annotations

from importlib import import_module

models = import_module("openapi_generator_client.models")

request = models.ImageElementRequest(
    element_name="Mara",
    element_description="Keeper of a lighthouse, red raincoat.",
    reference_type="image_refer",
    element_image_list=models.ElementImageList(
        frontal_image=models.ImageReference("https://media.example.com/mara/front.jpg"),
        refer_images=[
            models.ReferImage(image_url=models.ImageReference("https://media.example.com/mara/left.jpg")),
        ],
    ),
    tag_list=[models.ElementTag(tag_id=models.TagId.CHARACTER)],
)
content = request.to_json().encode()
