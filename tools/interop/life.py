"""Take an element through its life cycle with our client on a server that answers with the contract's examples."""

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


def find_problems(kling: KlingElements) -> list[str]:
    """Create an element, wait for it, look up and list its task, list the library, delete it. Return the problems.

    Raises:
        KlingError: A response breaks the contract.
    """
    task = kling.create(_ELEMENT)
    element = kling.wait(task)
    task_ids = {
        "the look-up": kling.get(task).task_id,
        "the list": next((task.task_id for task in kling.list()), None),
    }
    errors = [
        f"{place} returned task {task_id}, not {task.task_id}"
        for place, task_id in task_ids.items()
        if task_id != task.task_id
    ]
    if not any(kling.presets()):
        errors.append("the library is empty")
    kling.delete(element)
    return errors
