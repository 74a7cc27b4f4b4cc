"""Build, check and serialise one request. The whole process is measured, so it imports only what it needs."""

from __future__ import annotations

from kling_elements_client import contract, models

request = models.ImageElementRequest(
    element_name="Mara",
    element_description="Keeper of a lighthouse, red raincoat.",
    element_image_list=models.ElementImageList(
        frontal_image="https://media.example.com/mara/front.jpg",
        refer_images=[models.ReferImage(image_url="https://media.example.com/mara/left.jpg")],
    ),
    tag_list=[models.ElementTag(tag_id=models.TagId.CHARACTER)],
)
checked = contract.check("createElement", request)
assert isinstance(checked.content, bytes)  # noqa: S101 - anything else would mean that nothing was written
assert not checked.violations  # noqa: S101 - likewise, checked
