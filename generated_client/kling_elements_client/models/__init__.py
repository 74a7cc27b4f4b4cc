# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""The models of requests and responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_elements_runtime.lazy import loader

if TYPE_CHECKING:
    from .balance_deduction import BalanceDeduction
    from .create_element_response import CreateElementResponse
    from .delete_element_request import DeleteElementRequest
    from .delete_element_response import DeleteElementResponse
    from .element import Element
    from .element_image_list import ElementImageList
    from .element_tag import ElementTag
    from .element_video_list import ElementVideoList
    from .element_voice import ElementVoice
    from .error_detail import ErrorDetail
    from .error_response import ErrorResponse
    from .image_element_request import ImageElementRequest
    from .named_tag import NamedTag
    from .refer_image import ReferImage
    from .refer_video import ReferVideo
    from .tag_id import TagId
    from .task import Task
    from .task_info import TaskInfo
    from .task_list_response import TaskListResponse
    from .task_response import TaskResponse
    from .task_result import TaskResult
    from .task_status import TaskStatus
    from .video_element_request import VideoElementRequest

__getattr__, __dir__ = loader(
    __name__,
    {
        "BalanceDeduction": ".balance_deduction",
        "CreateElementResponse": ".create_element_response",
        "DeleteElementRequest": ".delete_element_request",
        "DeleteElementResponse": ".delete_element_response",
        "Element": ".element",
        "ElementImageList": ".element_image_list",
        "ElementTag": ".element_tag",
        "ElementVideoList": ".element_video_list",
        "ElementVoice": ".element_voice",
        "ErrorDetail": ".error_detail",
        "ErrorResponse": ".error_response",
        "ImageElementRequest": ".image_element_request",
        "NamedTag": ".named_tag",
        "ReferImage": ".refer_image",
        "ReferVideo": ".refer_video",
        "TagId": ".tag_id",
        "Task": ".task",
        "TaskInfo": ".task_info",
        "TaskListResponse": ".task_list_response",
        "TaskResponse": ".task_response",
        "TaskResult": ".task_result",
        "TaskStatus": ".task_status",
        "VideoElementRequest": ".video_element_request",
    },
)

__all__ = [
    "BalanceDeduction",
    "CreateElementResponse",
    "DeleteElementRequest",
    "DeleteElementResponse",
    "Element",
    "ElementImageList",
    "ElementTag",
    "ElementVideoList",
    "ElementVoice",
    "ErrorDetail",
    "ErrorResponse",
    "ImageElementRequest",
    "NamedTag",
    "ReferImage",
    "ReferVideo",
    "TagId",
    "Task",
    "TaskInfo",
    "TaskListResponse",
    "TaskResponse",
    "TaskResult",
    "TaskStatus",
    "VideoElementRequest",
]
