"""`kling-elements create`: create an element."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, NoReturn

from attrs import evolve, frozen
from cyclopts import Group, Parameter

from kling_elements import KlingElements
from kling_elements.advice import advice_on_rule, without_advice
from kling_elements.cli import request_files
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.formatting import element_json, task_json
from kling_elements.cli.gateway import GatewayOptions
from kling_elements.cli.output import Output
from kling_elements.cli.uploads import upload_progress_hooks
from kling_elements.cli.waiting import MaxWait, wait_for
from kling_elements.outcomes import Outcome
from kling_elements_client.errors import ContractError, KlingError, Violation
from kling_elements_client.models import Task
from kling_elements_client.models.tag_id import TagId
from kling_elements_runtime.document import at

_REQUEST = Group("The element", sort_key=1)
_ADVICE_BY_REMEDY = {"fit": "; add --fit to send a copy that conforms", "plugin": "; convert it to JPEG or PNG"}


def _help(text: str) -> Parameter:
    return Parameter(group=_REQUEST, help=text)


@Parameter(name="*")
@frozen(kw_only=True)
class ElementOptions:
    """The options that describe the element to create.

    Attributes:
        name: The name of the element.
        description: A description of the element.
        front: The image that shows it from the front.
        refer: Images that show it from other sides.
        video: The URL of a video that shows it.
        tag: Its tags.
        voice: The id of a voice.
        callback: Where to send notifications.
        file: A file with the whole request.
    """

    name: Annotated[str | None, _help("The name that prompts refer to.")] = None
    description: Annotated[str | None, _help("A sentence that says what the element is.")] = None
    front: Annotated[str | None, _help("An image that shows it from the front: a file or a URL.")] = None
    refer: Annotated[
        tuple[str, ...],
        Parameter(
            group=_REQUEST,
            help="An image that shows it from another side, needed with --front. Repeat --refer for each image.",
        ),
    ] = ()
    video: Annotated[str | None, _help("The URL of a video that shows it, instead of images.")] = None
    tag: Annotated[
        tuple[TagId, ...],
        Parameter(group=_REQUEST, help="A tag that says what kind of thing it is. Repeat --tag for each tag."),
    ] = ()
    voice: Annotated[str | None, _help("The id of a voice from your voice library; use it with --video.")] = None
    callback: Annotated[str | None, _help("The URL to send notifications to.")] = None
    file: Annotated[Path | None, _help("A YAML or JSON file with the whole request, instead of the options above.")] = (
        None
    )


@frozen
class _Plan:
    """A request, and the options or files that its parts come from.

    Attributes:
        request: The request body.
        labels: The option or file of each part, by the JSON Pointer of the part.
    """

    request: Any
    labels: dict[str, str]


def command(
    *,
    options: ElementOptions = ElementOptions(),
    id: str | None = None,  # noqa: A002 - the name of the option
    fit: bool = False,
    remote: bool = False,
    wait: bool = False,
    max_wait: MaxWait = None,
    gateway: GatewayOptions = GatewayOptions(),
    output: Output = Output(),
) -> None:
    """Create an element from images or a video. Print the id of the task, or with --wait that of the element.

    Args:
        id: Your own id (external_task_id). A second create with it finds the element. The default is a new id.
        fit: Send conforming copies of images that break the rules.
        remote: Also check the images and the video at URLs before sending anything.
        wait: Wait until the element exists.
        max_wait: Stop waiting after this many seconds.
    """
    plan = _make_plan(options, id)
    with gateway.client(http_client=upload_progress_hooks()) as kling:
        if fit:
            plan = _fit_images(plan, output)
        task = _create(kling, plan, bool(id), remote=remote)
        if not wait:
            output.note(f"external_task_id: {task.external_task_id}\nnext: kling-elements wait {task.task_id}")
            output.result(task_json(task), str(task.task_id))
            return
        element = wait_for(kling, task, max_wait, output)
    output.result(element_json(element), element.id)


def _make_plan(options: ElementOptions, own_id: str | None) -> _Plan:
    """Return the request that the options describe.

    Raises:
        CommandError: Options contradict each other, or the request file cannot be read.
    """
    if options.file is not None:
        others = [f"--{name}" for name, value in _request_options(options).items() if value]
        if others:
            raise CommandError(f"--file contains the whole request: leave out {', '.join(others)}", Exit.USAGE)
        content = request_files.read(options.file)
        request = content.request
        if isinstance(request, dict) and own_id:
            request = {**request, "external_task_id": own_id}
        labels = {pointer: str(image) for pointer, image in content.images.items()}
        return _Plan(request, {"": str(options.file), **labels})
    return _from_options(options, own_id)


def _request_options(options: ElementOptions) -> dict[str, Any]:
    names = "name", "description", "front", "refer", "video", "tag", "voice", "callback"
    return {name: getattr(options, name) for name in names}


def _from_options(options: ElementOptions, own_id: str | None) -> _Plan:
    missing = [f"--{name}" for name in ("name", "description") if getattr(options, name) is None]
    if options.front is None and options.video is None:
        missing.append("--refer needs --front" if options.refer else "--front or --video")
    if missing:
        raise CommandError(f"missing: {', '.join(missing)}", Exit.USAGE, "kling-elements create --help")
    if options.video is not None and (options.front or options.refer):
        raise CommandError(
            "an element is created from images or from a video, not both: leave out --front and --refer, or --video",
            Exit.USAGE,
        )
    labels = {"/element_name": "--name", "/element_description": "--description", "/tag_list": "--tag"}
    labels |= {"/callback_url": "--callback", "/external_task_id": "--id", "/element_voice_id": "--voice"}
    request: dict[str, Any] = {"element_name": options.name, "element_description": options.description}
    if options.video is not None:
        if "://" not in options.video:
            raise CommandError(
                f"--video {options.video}: is not a URL, and the service can't read files on this machine: "
                "upload the video, and pass its https URL",
                Exit.REFUSED_HERE,
            )
        request |= {
            "reference_type": "video_refer",
            "element_video_list": {"refer_videos": [{"video_url": options.video}]},
        }
        labels["/element_video_list/refer_videos/0/video_url"] = "--video"
    else:
        request |= {
            "reference_type": "image_refer",
            "element_image_list": {
                "frontal_image": _image_source(options.front or ""),
                "refer_images": [{"image_url": _image_source(image)} for image in options.refer],
            },
        }
        labels["/element_image_list/refer_images"] = "--refer"
        labels["/element_image_list/frontal_image"] = f"--front {_without_query(options.front or '')}"
        for index, image in enumerate(options.refer):
            labels[f"/element_image_list/refer_images/{index}/image_url"] = f"--refer {_without_query(image)}"
    optional = {"tag_list": [{"tag_id": tag} for tag in options.tag], "element_voice_id": options.voice}
    optional |= {"callback_url": options.callback, "external_task_id": own_id}
    return _Plan(request | {name: value for name, value in optional.items() if value}, labels)


def _image_source(text: str) -> str | Path:
    return text if "://" in text else Path(text)


def _without_query(image: str) -> str:
    """Return an image's path or URL for messages, without the query, which may contain secrets."""
    return image.partition("?")[0]


def _fit_images(plan: _Plan, output: Output) -> _Plan:
    """Return the plan with conforming copies of the images that break rules."""
    from kling_elements.media import check_image, fit_image  # noqa: PLC0415 - loads Pillow

    def fit(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: fit(item) for name, item in value.items()}
        if isinstance(value, list):
            return [fit(item) for item in value]
        if not isinstance(value, Path) or check_image(value).conforms:
            return value
        copy = fit_image(value)
        output.note(f"{value}: {'; '.join(copy.changes)}")
        return copy

    return _Plan(fit(plan.request), plan.labels)


def _create(kling: KlingElements, plan: _Plan, has_own_id: bool, *, remote: bool) -> Task:  # noqa: FBT001
    """Return the task of the new element, or of the one with the same id.

    Raises:
        CommandError: It is unknown whether the element exists.
        ContractError: The request breaks the contract.
        KlingError: The same as for `KlingElements.create`.
    """
    create = kling.get_or_create if has_own_id else kling.create
    try:
        return create(plan.request, preflight="remote" if remote else "inline")
    except ContractError as error:
        _refuse(error, plan)
    except KlingError as error:
        if error.outcome != Outcome.MAY_EXIST:
            raise
        raise CommandError(
            f"{error}; the element may have been created (external_task_id {error.external_task_id})",
            Exit.UNKNOWN,
            shlex.join(["kling-elements", "wait", str(error.external_task_id)]),
        ) from error


def _refuse(error: ContractError, plan: _Plan) -> NoReturn:
    """Raise the error again, with options and files in place of pointers."""
    violations = [_with_own_advice(violation, plan.request) for violation in error.violations]
    raise ContractError([_with_label(violation, plan.labels) for violation in violations]) from None


def _with_own_advice(violation: Violation, request: Any) -> Violation:
    """Return a violation with this command's advice instead of the client's. Only image files get advice on images."""
    plain = without_advice(violation)
    advice = advice_on_rule(violation.rule, "--gateway %s", "--relax %s")
    if violation.remedy != "none" and isinstance(at(request, violation.pointer), Path):
        advice = _ADVICE_BY_REMEDY[violation.remedy] + advice
    return evolve(plain, message=plain.message + advice)


def _with_label(violation: Violation, labels: dict[str, str]) -> Violation:
    """Return a violation with the option or file that it concerns in place of its pointer."""
    pointer = violation.pointer
    while pointer and pointer not in labels:
        pointer = pointer.rpartition("/")[0]
    label = labels.get(pointer, "")
    sub_pointer = violation.pointer[len(pointer) :]  # the place below the labelled part
    labelled_place = " ".join(filter(None, [label, sub_pointer])) or violation.pointer
    file = label.rpartition(" ")[2]
    message = violation.message.removeprefix(f"{file}: ")  # the label contains it already

    return evolve(violation, pointer=labelled_place, message=message)
