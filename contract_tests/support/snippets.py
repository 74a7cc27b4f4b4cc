"""The code snippets of the documents, and a shell that runs them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Final

import httpx

from contract_tests.support.mock_process import MockProcess

ROOT: Final = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MOCK_ADDRESS = "http://127.0.0.1:8787"


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A block of code of a page.

    Attributes:
        page: The page, as its path from the root.
        heading: The heading above it.
        language: The language after the fence, such as `python`, `console` or `text`.
        text: The code.
        output: The output that the page shows below the code, or None.
    """

    page: str
    heading: str
    language: str
    text: str
    output: str | None


def snippets(page: str) -> list[Snippet]:
    """Return the blocks of code of a page, in order."""
    text = (ROOT / page).read_text("utf-8")
    fences = list(_FENCE.finditer(text))
    blocks = []
    for fence, following in zip_longest(fences, fences[1:]):
        is_output = (
            following is not None and following[1] == "text" and not text[fence.end() : following.start()].strip()
        )
        headings = _HEADING.findall(_FENCE.sub("", text[: fence.start()]))
        blocks.append(
            Snippet(
                page=page,
                heading=headings[-1],
                language=fence[1],
                text=fence[2],
                output=following[2] if following is not None and is_output else None,
            )
        )
    return blocks


def shows(expected: str, printed: str) -> bool:
    """Return whether a program printed the output on a page, in which `...` matches any string."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def run_as_tests(code: str, folder: Path) -> str:
    """Run code as a test module in a separate process, and return the output of pytest.

    Raises:
        AssertionError: A test failed.
    """
    path = folder / "test_snippet.py"
    path.write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert 0 == run.returncode, run.stdout
    return run.stdout


class Shell:
    """Runs the commands of console snippets in a folder, with a mock server.

    Commands that would install something or take long are only checked.
    """

    def __init__(self, folder: Path, server_url: str) -> None:
        self._folder = folder
        self._server_url = server_url
        self._environment: dict[str, str] = {}
        self._programs: Mapping[str, Callable[[list[str]], str]] = {
            "curl": self._curl,
            "kling-elements": self._kling_elements,
            "make": self._make,
            "pip": self._pip,
            "python": self._python,
            "uv": self._uv,
        }

    def run(self, text: str) -> Iterator[tuple[str, str, str]]:
        """Run each command of a snippet; yield the command, the output that the snippet shows, and the real output.

        Raises:
            AssertionError: A command failed.
            KeyError: A snippet uses a program that this class doesn't know.
        """
        for block in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = block.partition("\n")
            if command.startswith("export "):
                for name in re.findall(r"\b([A-Z_]+)=", command):
                    self._environment[name] = self._output("bash", "-c", f"{command}; printenv {name}").strip()
                yield command, expected, ""
                continue
            words = shlex.split(command, comments=True)
            while re.match(r"[A-Z_]+=", words[0]):
                name, _, value = words.pop(0).partition("=")
                self._environment[name] = value
            yield command, expected, self._programs[words[0].rpartition("/")[2]](words[1:])

    def _curl(self, words: list[str]) -> str:
        headers, body, url = {}, "", ""
        arguments = iter(words)
        for word in arguments:
            if word == "-H":
                name, _, value = next(arguments).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(arguments)
            elif word != "-s":
                url = word
        assert url.startswith(_MOCK_ADDRESS)
        address = url.replace(_MOCK_ADDRESS, self._server_url)
        return httpx.post(address, headers=headers, content=body, trust_env=False).text

    def _kling_elements(self, words: list[str]) -> str:
        return self._output(sys.executable, "-m", "kling_elements.cli", *words)

    def _make(self, words: list[str]) -> str:
        return self._output("make", "--dry-run", "--no-print-directory", *words, folder=ROOT)

    def _pip(self, words: list[str]) -> str:
        verb, *requirements = words
        assert "install" == verb
        assert requirements
        self._check_extras(",".join(re.findall(r"\[(.+)\]", " ".join(requirements))).split(","))
        places = [f"{ROOT}{requirement.removeprefix('.')}" for requirement in requirements]
        python = ("--python", sys.executable)
        return self._output(_uv(), "pip", "install", *python, "--dry-run", "--no-deps", "--offline", *places)

    def _uv(self, words: list[str]) -> str:
        verb, *arguments = words
        assert "add" == verb
        self._check_extras([extra for option, extra in pairwise(arguments) if option == "--extra"])
        project = self._folder / "project"
        project.mkdir(exist_ok=True)
        (project / "pyproject.toml").write_text(
            '[project]\nname = "project"\nversion = "1"\nrequires-python = ">=3.11"\n'
        )
        link = self._folder / "kling-elements"
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT)
        return self._output(_uv(), "add", "--frozen", "--offline", *arguments, folder=project)

    def _check_extras(self, extras: list[str]) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        assert {extra for extra in extras if extra} <= set(project["optional-dependencies"])

    def _python(self, words: list[str]) -> str:
        if words[:2] != ["-m", "kling_elements.mock"]:
            return self._output(sys.executable, *words)
        options = [word for word in words[2:] if word != "&"]
        if "--port" in options:  # another program may have it
            place = options.index("--port")
            del options[place : place + 2]
        with closing(MockProcess(*options, folder=self._folder, environment=self._variables())) as server:
            return server.url

    def _output(self, *command: str, folder: Path | None = None) -> str:
        run = subprocess.run(
            command, cwd=folder or self._folder, env=self._variables(), capture_output=True, text=True, check=False
        )
        assert 0 == run.returncode, f"{command}: {run.stdout}{run.stderr}"
        return run.stdout + run.stderr

    def _variables(self) -> dict[str, str]:
        """Return the environment, with the variables that the snippets set and the address of this server."""
        return os.environ | self._environment | {"KLING_BASE_URL": self._server_url}


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv"))
