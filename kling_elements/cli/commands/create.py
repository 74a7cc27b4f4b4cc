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
from kling_elements.cli.gateway import Gateway
from kling_elements.cli.output import Output
from kling_elements.cli.shapes import element_json, task_json
from kling_elements.cli.uploads import upload_hooks
from kling_elements.cli.waiting import MaxWait, wait_for
from kling_elements.outcomes import Outcome
from kling_elements_client.errors import ContractError, KlingError, Violation
from kling_elements_client.models import Task
from kling_elements_client.models.tag_id import TagId
from kling_elements_runtime.document import at

_REQUEST = Group("The element", sort_key=1)
_ADVICE = {"fit": "; add --fit to send a copy that conforms", "plugin": "; convert it to JPEG or PNG"}  # by remedy


def _help(text: str) -> Parameter:
    return Parameter(group=_REQUEST, help=text)


@Parameter(name="*")
@frozen(kw_only=True)
class Description:
    """The element to create, as options describe it.

    Attributes:
        name: Its name.
        description: What it is.
        front: The image that shows it from the front.
        refer: Images that show it from other sides.
        video: The address of a video that shows it.
        tag: Its tags.
        voice: The id of a voice.
        callback: Where to send notifications.
        file: A file with the whole request.
    """

    name: Annotated[str | None, _help("Its name, which prompts refer to.")] = None
    description: Annotated[str | None, _help("What it is, in a sentence.")] = None
    front: Annotated[str | None, _help("An image of it from the front: a file or an address.")] = None
    refer: Annotated[
        tuple[str, ...],
        Parameter(
            group=_REQUEST, help="An image of it from another side, needed with --front. Repeat --refer for each image."
        ),
    ] = ()
    video: Annotated[str | None, _help("The address of a video that shows it, instead of images.")] = None
    tag: Annotated[
        tuple[TagId, ...],
        Parameter(group=_REQUEST, help="What kind of thing it is. Repeat --tag for each tag."),
    ] = ()
    voice: Annotated[str | None, _help("The id of a voice of your voice library, with --video.")] = None
    callback: Annotated[str | None, _help("The address to send notifications to.")] = None
    file: Annotated[Path | None, _help("A YAML or JSON file with the whole request, instead of the options above.")] = (
        None
    )


@frozen
class _Plan:
    """What to send.

    Attributes:
        request: The request body.
        labels: Where each part comes from, by its JSON Pointer.
    """

    request: Any
    labels: dict[str, str]


def command(
    *,
    element: Description = Description(),
    id: str | None = None,  # noqa: A002 -- the name of the option
    fit: bool = False,
    remote: bool = False,
    wait: bool = False,
    max_wait: MaxWait = None,
    gateway: Gateway = Gateway(),
    output: Output = Output(),
) -> None:
    """Create an element from images or a video. Print the id of the task, or with --wait that of the element.

    Args:
        id: Your own id for the element, `external_task_id`. If you use an id again, the element is found and not
            created a second time. Without it, a new id is used and printed.
        fit: Send copies of images that break the rules, changed so that they conform.
        remote: Also check the images and the video at addresses before anything is sent.
        wait: Wait until the element exists.
        max_wait: Seconds after which to stop waiting.
    """
    plan = _plan(element, id)
    with gateway.client(http_client=upload_hooks()) as kling:
        if fit:
            plan = _fitted(plan, output)
        task = _create(kling, plan, bool(id), remote=remote)
        if not wait:
            output.note(f"external_task_id: {task.external_task_id}\nnext: kling-elements wait {task.task_id}")
            output.result(task_json(task), str(task.task_id))
            return
        made = wait_for(kling, task, max_wait, output)
    output.result(element_json(made), made.id)


def _plan(element: Description, own_id: str | None) -> _Plan:
    """Return the request that the options describe.

    Raises:
        CommandError: Options contradict each other, or the request file cannot be read.
    """
    if element.file is not None:
        others = [f"--{name}" for name, value in _options(element).items() if value]
        if others:
            raise CommandError(f"--file has the whole request, so leave out {', '.join(others)}", Exit.USAGE)
        content = request_files.read(element.file)
        request = content.request
        if isinstance(request, dict) and own_id:
            request = {**request, "external_task_id": own_id}
        labels = {pointer: str(image) for pointer, image in content.images.items()}
        return _Plan(request, {"": str(element.file), **labels})
    return _from_options(element, own_id)


def _options(element: Description) -> dict[str, Any]:
    names = "name", "description", "front", "refer", "video", "tag", "voice", "callback"
    return {name: getattr(element, name) for name in names}


def _from_options(element: Description, own_id: str | None) -> _Plan:
    missing = [f"--{name}" for name in ("name", "description") if getattr(element, name) is None]
    if element.front is None and element.video is None:
        missing.append("--refer needs --front" if element.refer else "--front or --video")
    if missing:
        raise CommandError(f"missing: {', '.join(missing)}", Exit.USAGE, "kling-elements create --help")
    if element.video is not None and (element.front or element.refer):
        raise CommandError(
            "an element is made from images or from a video: leave out --front and --refer, or --video", Exit.USAGE
        )
    labels = {"/element_name": "--name", "/element_description": "--description", "/tag_list": "--tag"}
    labels |= {"/callback_url": "--callback", "/external_task_id": "--id", "/element_voice_id": "--voice"}
    request: dict[str, Any] = {"element_name": element.name, "element_description": element.description}
    if element.video is not None:
        if "://" not in element.video:
            raise CommandError(
                f"--video {element.video}: the service fetches videos itself, so it cannot use a file on this "
                "machine: put it where it has an https address, and pass that",
                Exit.REFUSED_HERE,
            )
        request |= {
            "reference_type": "video_refer",
            "element_video_list": {"refer_videos": [{"video_url": element.video}]},
        }
        labels["/element_video_list/refer_videos/0/video_url"] = "--video"
    else:
        request |= {
            "reference_type": "image_refer",
            "element_image_list": {
                "frontal_image": _image(element.front or ""),
                "refer_images": [{"image_url": _image(image)} for image in element.refer],
            },
        }
        labels["/element_image_list/refer_images"] = "--refer"
        labels["/element_image_list/frontal_image"] = f"--front {_named(element.front or '')}"
        for index, image in enumerate(element.refer):
            labels[f"/element_image_list/refer_images/{index}/image_url"] = f"--refer {_named(image)}"
    optional = {"tag_list": [{"tag_id": tag} for tag in element.tag], "element_voice_id": element.voice}
    optional |= {"callback_url": element.callback, "external_task_id": own_id}
    return _Plan(request | {name: value for name, value in optional.items() if value}, labels)


def _image(text: str) -> str | Path:
    return text if "://" in text else Path(text)


def _named(image: str) -> str:
    """Return an image as a message names it: addresses without their query, which may be secret."""
    return image.partition("?")[0]


def _fitted(plan: _Plan, output: Output) -> _Plan:
    """Return the plan with copies in place of images that do not conform."""
    from kling_elements.media import check_image, fit_image  # noqa: PLC0415 -- loads Pillow

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
        CommandError: The request breaks the contract, or it is not known whether the element exists.
        KlingError: As `KlingElements.create`.
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
            f"{error}; the element may exist (external_task_id {error.external_task_id})",
            Exit.UNKNOWN,
            shlex.join(["kling-elements", "wait", str(error.external_task_id)]),
        ) from error


def _refuse(error: ContractError, plan: _Plan) -> NoReturn:
    """Raise the error again, with the option or the file of each violation in place of its pointer."""
    violations = [_with_own_advice(violation, plan.request) for violation in error.violations]
    raise ContractError([_labelled(violation, plan.labels) for violation in violations]) from None


def _with_own_advice(violation: Violation, request: Any) -> Violation:
    """Return a violation with this command's advice instead of the client's, about images only if they are files."""
    plain = without_advice(violation)
    advice = advice_on_rule(violation.rule, "--gateway %s", "--relax %s")
    if violation.remedy != "none" and isinstance(at(request, violation.pointer), Path):
        advice = _ADVICE[violation.remedy] + advice
    return evolve(plain, message=plain.message + advice)


def _labelled(violation: Violation, labels: dict[str, str]) -> Violation:
    """Return a violation with the option or the file that it is about in place of its pointer."""
    pointer = violation.pointer
    while pointer and pointer not in labels:
        pointer = pointer.rpartition("/")[0]
    label = labels.get(pointer, "")
    path = violation.pointer[len(pointer) :]  # below the place of the label
    where = " ".join(filter(None, [label, path])) or violation.pointer
    message = violation.message.removeprefix(f"{label.rpartition(' ')[2]}: ")  # the label names the file already
    return evolve(violation, pointer=where, message=message)
