"""The whole life of an element, by our client: against any server that answers as the contract's examples do."""

from __future__ import annotations

from kling_elements import KlingElements

_ELEMENT = {
    "element_name": "Mara",
    "element_description": "Keeper of a lighthouse.",
    "reference_type": "image_refer",
    "element_image_list": {
        "frontal_image": "https://media.example.com/mara/front.jpg",
        "refer_images": [{"image_url": "https://media.example.com/mara/left.jpg"}],
    },
    "tag_list": [{"tag_id": "o_102"}],
}


def problems(kling: KlingElements) -> list[str]:
    """Create an element, wait for it, look its task up, list it and the library's, delete it; return what went wrong.

    Raises:
        KlingError: An answer is not what the contract promises.
    """
    task = kling.create(_ELEMENT)
    element = kling.wait(task)
    seen = {
        "the look-up": kling.get(task).task_id,
        "the list": next((each.task_id for each in kling.list()), None),
    }
    found = [
        f"{place} has the task {task_id}, not {task.task_id}"
        for place, task_id in seen.items()
        if task_id != task.task_id
    ]
    if not any(kling.presets()):
        found.append("the library is empty")
    kling.delete(element)
    return found
