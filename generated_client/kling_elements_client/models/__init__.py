# Generated from openapi/kling-elements.yaml by scripts/generate.py. Do not edit: run `make gen`.

"""The models of requests and answers."""

from .create_element_response import CreateElementResponse
from .created_task import CreatedTask
from .element_image_list import ElementImageList
from .element_tag import ElementTag
from .element_video_list import ElementVideoList
from .error_detail import ErrorDetail
from .error_response import ErrorResponse
from .image_element_request import ImageElementRequest
from .refer_image import ReferImage
from .refer_video import ReferVideo
from .tag_id import TagId
from .task_info import TaskInfo
from .task_status import TaskStatus
from .video_element_request import VideoElementRequest

__all__ = [
    "CreatedTask",
    "CreateElementResponse",
    "ElementImageList",
    "ElementTag",
    "ElementVideoList",
    "ErrorDetail",
    "ErrorResponse",
    "ImageElementRequest",
    "ReferImage",
    "ReferVideo",
    "TagId",
    "TaskInfo",
    "TaskStatus",
    "VideoElementRequest",
]
