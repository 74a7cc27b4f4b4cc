"""Drive Chromium through the mock server's page. Only `make browser` runs this module; no test does."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tools.browser.findings import PageResponse, Visit

SCHEMES = "light", "dark"
WIDTHS = 390, 1440
_HEIGHT = 900
_MAX_STEP_MS = 60_000  # only a failure takes that long
_CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")
_TOO_LONG_NAME = "x" * 21


def make_visits(docs: str, chromium: str, folder: Path) -> list[Visit]:
    """Visit the page in each colour scheme and width, and write screenshots.

    Args:
        docs: The URL of the page.
        chromium: The path of the browser.
        folder: Where to write the screenshots.
    """
    nothing_else = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {urlsplit(docs).hostname}"
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[nothing_else, *as_root])
        try:
            return [_visit(browser, docs, folder, scheme, width) for scheme in SCHEMES for width in WIDTHS]
        finally:
            browser.close()


def _visit(browser: Browser, docs: str, folder: Path, scheme: str, width: int) -> Visit:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": _HEIGHT}
    )
    context.set_default_timeout(_MAX_STEP_MS)
    page = context.new_page()
    errors: list[str] = []
    urls: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))

    page.goto(docs)
    create = page.locator("#operations-elements-createElement")
    create.wait_for()
    page.screenshot(path=folder / f"{scheme}-{width}-opened.png")
    _open(create)
    create.get_by_role("button", name="Try it out").click()
    created, _ = _execute(page, create)
    page.screenshot(path=folder / f"{scheme}-{width}-created.png", full_page=True)

    elements = page.locator("#operations-elements-listElements")
    _open(elements)
    elements.get_by_role("button", name="Try it out").click()
    listed, sent = _execute(page, elements)

    errors_before_refusal = list(errors)
    text = create.locator("textarea")
    text.fill(json.dumps({**json.loads(text.input_value()), "element_name": _TOO_LONG_NAME}, indent=2))
    refused, _ = _execute(page, create)
    create.locator(".live-responses-table").first.scroll_into_view_if_needed()
    page.screenshot(path=folder / f"{scheme}-{width}-refused.png")

    for operation in page.locator(".opblock").all():
        if "is-open" not in (operation.get_attribute("class") or ""):
            _open(operation)
    for summary in page.locator("summary").all():
        summary.click()
    page.screenshot(path=folder / f"{scheme}-{width}-everything.png", full_page=True)
    visit = Visit(
        scheme=scheme,
        width=width,
        host=urlsplit(docs).netloc,
        errors=errors_before_refusal,  # Chromium logs each response with status 400 as an error
        urls=urls,
        is_dark=page.evaluate("document.documentElement.classList.contains('dark-mode')"),
        page_width=page.evaluate("document.documentElement.scrollWidth"),
        created=created,
        refused=refused,
        ids=(_ids(listed.body), _ids(sent)),
        faint_texts=page.evaluate(_CONTRAST),
    )
    context.close()
    return visit


def _open(operation: Locator) -> None:
    operation.locator("button.opblock-summary-control").click()
    operation.locator(".opblock-body").wait_for()


def _execute(page: Page, operation: Locator) -> tuple[PageResponse, str]:
    """Press Execute, and return the response on the page and the body that the server sent."""
    with page.expect_response(lambda response: response.request.resource_type == "fetch") as response:
        operation.locator("button.execute").click()
    sent = response.value.text()
    row = operation.locator(".live-responses-table tbody tr").filter(has_text=str(response.value.status)).first
    row.wait_for()
    body = row.locator(".response-col_description .highlight-code").first
    return PageResponse(row.locator(".response-col_status").inner_text().split()[0], body.inner_text()), sent


def _ids(body: str) -> list[str]:
    return re.findall(r'"element_id": ?([0-9]+)', body)
