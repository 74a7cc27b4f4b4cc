"""OpenAPI overlays: what they may say, and what each kind of action does."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements_runtime.overlays import OverlayError, apply

_INFO = {"title": "Mine", "version": "1"}


def _document() -> dict[str, Any]:
    return {
        "info": {"title": "T", "tags": ["a"]},
        "servers": [{"url": "1"}, {"url": "2"}, {"url": "3"}],
        "paths": {"/a": {"get": {"deprecated": True}}, "/b": {"get": {}}},
    }


def _applied(*actions: Any, document: Any = None) -> Any:
    overlay = {"overlay": "1.0.0", "info": _INFO, "actions": list(actions)}
    return apply(_document() if document is None else document, overlay)


def _error(overlay: object) -> str:
    with pytest.raises(OverlayError) as caught:
        apply(_document(), overlay)
    return str(caught.value)


_ACTION = {"target": "$.info", "update": {"title": "New"}}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"overlay": None}, "/overlay: must be the version of the overlay specification, 1.0.0"),
        ({"overlay": 1.0}, "/overlay: must be the version of the overlay specification, 1.0.0"),
        ({"overlay": "1.1.0"}, "/overlay: must be the version of the overlay specification, 1.0.0"),
        ({"action": []}, "/action: is unknown; use actions, extends, info, overlay"),
        ({"info": None}, "/info: must be an object with description, title, version"),
        ({"info": {**_INFO, "licence": "x"}}, "/info/licence: is unknown; use description, title, version"),
        ({"info": {"version": "1"}}, "/info/title: must be a string; put a version in quotes"),
        ({"info": {"title": "", "version": "1"}}, "/info/title: must be a string; put a version in quotes"),
        ({"info": {"title": "T", "version": 2026}}, "/info/version: must be a string; put a version in quotes"),
        ({"actions": {}}, "/actions: must be a list of one or more actions"),
        ({"actions": []}, "/actions: must be a list of one or more actions"),
    ],
)
def test_an_overlay_that_lacks_something_is_refused(changed: dict[str, Any], message: str) -> None:
    overlay = {"overlay": "1.0.0", "info": _INFO, "actions": [_ACTION]}
    apply(_document(), overlay)

    assert message == _error({**overlay, **changed})


@pytest.mark.parametrize("overlay", [None, [], "1.0.0"])
def test_an_overlay_that_is_not_an_object_is_refused(overlay: object) -> None:
    assert ": must be an object with actions, extends, info, overlay" == _error(overlay)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ([], ": must be an object with description, remove, target, update"),
        ({**_ACTION, "copy": 1, "/": 2}, "/~1: is unknown; use description, remove, target, update"),
        ({"update": {}}, "/target: must be a JSONPath expression, such as $.servers[0]"),
        ({**_ACTION, "target": 1}, "/target: must be a JSONPath expression, such as $.servers[0]"),
        ({"target": "$.info", "remove": "yes"}, "/remove: must be true or false"),
        ({"target": "$.info", "remove": 1}, "/remove: must be true or false"),
        ({"target": "$.info"}, ": must have either `update` or `remove: true`"),
        ({"target": "$.info", "remove": False}, ": must have either `update` or `remove: true`"),
        ({**_ACTION, "remove": True}, ": must have either `update` or `remove: true`"),
        ({**_ACTION, "target": "info["}, "/target: 'info[' is not a JSONPath expression: "),
        ({**_ACTION, "target": "$.none"}, "/target: '$.none' selects nothing in the document"),
        ({"target": "$", "remove": True}, "/target: the whole document cannot be removed"),
        ({**_ACTION, "update": 1}, "/update: must be an object, because the target is one"),
        ({**_ACTION, "update": None}, "/update: must be an object, because the target is one"),
        ({**_ACTION, "target": "$.info.title"}, '/target: selects "New"; only objects and arrays can be updated'),
        (
            {"target": "$", "update": {"info": {"tags": {}}}},
            "/update/info/tags: has another type than in the document; remove it first, in another action",
        ),
        (
            {"target": "$.paths", "update": {"/a": None}},
            "/update/~1a: has another type than in the document; remove it first, in another action",
        ),
    ],
)
def test_an_action_that_cannot_be_carried_out_is_refused_with_its_place(action: Any, message: str) -> None:
    """All actions of the same overlay are counted from 0."""
    overlay = {"overlay": "1.0.0", "info": _INFO, "actions": [_ACTION, action]}

    assert _error(overlay).startswith(f"/actions/1{message}")
    assert "\n" not in _error(overlay)


def test_extensions_may_be_anywhere() -> None:
    overlay = {"overlay": "1.0.3", "info": {**_INFO, "x-a": 1}, "actions": [{**_ACTION, "x-b": 2}], "x-c": 3}

    assert "New" == apply(_document(), {**overlay, "extends": "other.yaml"})["info"]["title"]


def test_the_document_and_the_overlay_stay_as_they_are() -> None:
    """Nothing of the overlay becomes a part of the result, so that a later action can't change the overlay."""
    document, value = _document(), {"list": [{"a": 1}]}

    result = _applied(
        {"target": "$.info", "update": {"new": value}},
        {"target": "$.servers", "update": value},
        {"target": "$.info", "update": {"tags": [value]}},
        {"target": "$.info.new.list", "update": 2},
        {"target": "$.servers[3].list", "update": 3},
        {"target": "$.info.tags[1].list", "update": 4},
        document=document,
    )

    assert _document() == document
    assert {"list": [{"a": 1}]} == value
    assert [2, 3, 4] == [
        result["info"]["new"]["list"][1],
        result["servers"][3]["list"][1],
        result["info"]["tags"][1]["list"][1],
    ]


def test_an_object_is_merged() -> None:
    """Inner objects are merged, inner arrays joined, and other values replaced."""
    result = _applied(
        {"target": "$", "update": {"info": {"title": ["new"], "tags": ["b"], "more": {"c": 1}}, "x-new": None}}
    )

    expected = _document()
    expected["info"] = {"title": ["new"], "tags": ["a", "b"], "more": {"c": 1}}
    assert {**expected, "x-new": None} == result


@pytest.mark.parametrize("update", [{"url": "4"}, ["4"], "4", None])
def test_a_value_is_appended_to_an_array(update: Any) -> None:
    assert [*_document()["servers"], update] == _applied({"target": "$.servers", "update": update})["servers"]


def test_an_action_applies_to_all_that_its_target_selects() -> None:
    result = _applied({"target": "$.paths.*.get", "update": {"tags": ["x"]}})

    assert {"/a": {"get": {"deprecated": True, "tags": ["x"]}}, "/b": {"get": {"tags": ["x"]}}} == result["paths"]


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ("$.servers[*]", []),
        ("$.servers[-1]", ["1", "2"]),
        ("$.servers[0:2]", ["3"]),
        ("$.servers[0,2,1]", []),
        ("$.servers[2,0]", ["2"]),
        ("$.servers[1,1]", ["1", "3"]),
        ("$.servers[?@.url == '2']", ["1", "3"]),
    ],
)
def test_items_are_removed_whatever_their_order_in_the_target(target: str, left: list[str]) -> None:
    """An item that is selected twice is removed once."""
    assert left == [server["url"] for server in _applied({"target": target, "remove": True})["servers"]]


def test_a_value_and_its_parts_can_be_removed_at_once() -> None:
    document = {"a": {"a": [1, {"a": 2}]}, "b": 3, "c": [{"a": 4}]}

    assert {"b": 3, "c": [{}]} == _applied({"target": "$..a", "remove": True}, document=document)


def test_an_item_that_is_selected_twice_is_updated_once() -> None:
    assert ["a", 1] == _applied({"target": "$.info['tags','tags']", "update": 1})["info"]["tags"]


def test_each_action_sees_what_the_actions_before_it_did() -> None:
    result = _applied(
        {"target": "$.info.title", "remove": True},
        {"target": "$.info", "update": {"title": {"en": "T"}}, "remove": False},
        {"target": "$.info.title", "update": {"de": "U"}},
    )

    assert {"en": "T", "de": "U"} == result["info"]["title"]


def test_parts_that_yaml_shares_are_changed_separately() -> None:
    """With an alias, YAML gives two places the same object."""
    shared = {"x": 1}

    result = _applied({"target": "$.a", "update": {"y": 2}}, document={"a": shared, "b": shared})
    added = _applied(
        {"target": "$", "update": {"c": shared, "d": shared}}, {"target": "$.c", "update": {"y": 2}}, document={}
    )

    assert ({"x": 1, "y": 2}, {"x": 1}) == (result["a"], result["b"]) == (added["c"], added["d"])
    assert {"x": 1} == shared
