# Generated from openapi/kling-elements.yaml by scripts/generate.py. Do not edit: run `make gen`.

"""The models of requests and answers."""

from .balance_deduction import BalanceDeduction
from .create_element_response import CreateElementResponse
from .delete_element_request import DeleteElementRequest
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

__all__ = [
    "BalanceDeduction",
    "CreateElementResponse",
    "DeleteElementRequest",
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
