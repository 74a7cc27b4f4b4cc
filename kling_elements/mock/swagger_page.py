"""Serve Swagger UI (extra `cli`) with the contract, so that you can try the calls in a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from kling_elements.mock.reply import TEXT_TYPE, HeaderList, Reply, json_reply
from kling_elements_runtime.document import Document

PAGE: Final = "/docs"
CONTRACT: Final = "/openapi.json"
INSTALL: Final = 'run pip install "kling-elements[cli]"'

_TOKEN = "try-it"  # noqa: S105 - any token would do
_ANY_TOKEN = "Any token is accepted, and one is filled in."  # noqa: S105 - a sentence
_ONE_TOKEN = "Press Authorize, and enter the token that the server was started with."  # noqa: S105 - a sentence
# Nothing is loaded from another host. Swagger UI has its icons in its style sheet, as data.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PROTECTION = ((b"content-security-policy", _POLICY.encode()), (b"x-content-type-options", b"nosniff"))
_TYPES = {".css": b"text/css", ".html": b"text/html", ".js": b"text/javascript", ".png": b"image/png"}
_OWN_FILES = "page.css", "page.js"
_SWAGGER_FILES = "favicon-32x32.png", "swagger-ui.css", "swagger-ui-bundle.js"


def pages(contract: Document, accepted_token: str | None) -> Mapping[str, Callable[[], Reply]]:
    """Return the reply to each path of the page.

    Args:
        contract: The contract that the page shows.
        accepted_token: The only token that the server accepts, or None if it accepts any. It is not on the page.
    """
    index = partial(_index, contract, accepted_token)
    return {
        PAGE: index,
        f"{PAGE}/": index,
        CONTRACT: partial(_contract, contract),
        **{f"{PAGE}/{name}": partial(_own_file, name) for name in _OWN_FILES},
        **{f"{PAGE}/{name}": partial(_swagger_file, name) for name in _SWAGGER_FILES},
    }


def is_installed() -> bool:
    """Return whether the package with the files of Swagger UI is installed."""
    return _swagger_folder() is not None


def _swagger_folder() -> Path | None:
    """Return the folder of the files. Don't import the package, because that would import Flask."""
    try:
        return Path(str(distribution("flask-swagger-ui").locate_file("flask_swagger_ui/dist")))
    except PackageNotFoundError:
        return None


def _index(contract: Document, accepted_token: str | None) -> Reply:
    if not is_installed():
        return _not_installed()
    document = contract.document()
    schemes = document.get("components", {}).get("securitySchemes", {})
    substitutions = {
        "title": document["info"]["title"],
        "scheme": next(iter(schemes), ""),
        "token": "" if accepted_token else _TOKEN,
        "token_hint": _ONE_TOKEN if accepted_token else _ANY_TOKEN,
    }
    template = Template(_read_own_file("index.html").decode())
    text = template.substitute({name: escape(text) for name, text in substitutions.items()})
    return Reply(200, text.encode(), _headers("index.html"))


def _contract(contract: Document) -> Reply:
    """Return the contract with this server as the only server, and with all tags and codes in its description."""
    document = contract.document()
    schemas = document.get("components", {}).get("schemas", {})
    tags = schemas.get("TagId", {}).get("description")
    codes = schemas.get("ErrorResponse", {}).get("properties", {}).get("code", {}).get("description")
    parts = [
        document["info"].get("description", ""),
        *([f"<details><summary>Tags</summary>\n\n{tags}\n</details>"] if tags else ()),
        *([f"<details><summary>Business codes</summary>\n\n{codes}\n</details>"] if codes else ()),
    ]
    info = {**document["info"], "description": "\n\n".join(parts)}
    return json_reply({**document, "info": info, "servers": [{"url": "/"}]})


def _own_file(name: str) -> Reply:
    return Reply(200, _read_own_file(name), _headers(name))


def _swagger_file(name: str) -> Reply:
    folder = _swagger_folder()
    return _not_installed() if folder is None else Reply(200, (folder / name).read_bytes(), _headers(name))


def _read_own_file(name: str) -> bytes:
    return (files("kling_elements.mock") / "page" / name).read_bytes()


def _not_installed() -> Reply:
    return Reply(404, f"This page needs Swagger UI: {INSTALL}, and start the server again.\n".encode(), (TEXT_TYPE,))


def _headers(name: str) -> HeaderList:
    kind = _TYPES[Path(name).suffix]
    charset = b"" if kind.startswith(b"image/") else b"; charset=utf-8"
    return ((b"content-type", kind + charset), *_PROTECTION)
