"""The scores of the corpora, printed after a run: right out of those judged, malformed and heuristic cases apart."""

from __future__ import annotations

import collections
from typing import Any

import pytest

TITLES = {
    "ftp_listing": "FTP listings", "ftp_reply": "FTP replies", "imap": "IMAP", "header": "headers",
    "message": "messages", "gopher": "Gopher", "telnet": "Telnet", "news": "NNTP", "nntp": "NNTP",
    "http": "HTTP fields", "xmlrpc": "XML-RPC", "netrc": "netrc files", "url": "URLs",
}  # fmt: skip


def _title(test: str) -> str | None:
    return next((title for word, title in TITLES.items() if word in test), None)


def _judged(item: Any, case: dict[str, Any]) -> str:
    expected = case.get("expected", {})
    if case.get("class") == "heuristic" or any(expected.get(key) for key in ("reject", "error", "invalid")):
        return "aside"
    return "argued" if case.get("input") in getattr(item.module, "ARGUED", ()) else "judged"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    outcome = yield
    case = getattr(item, "callspec", None) and item.callspec.params.get("case")
    title = _title(item.originalname or item.name)
    if call.when == "call" and isinstance(case, dict) and title is not None:
        outcome.get_result().user_properties.append(("corpus", [title, _judged(item, case)]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts: dict[str, collections.Counter[tuple[str, bool]]] = collections.defaultdict(collections.Counter)
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "corpus":
                    counts[value[0]][value[1], report.passed] += 1
    if not counts:
        return
    terminalreporter.section("corpora")
    for title, count in sorted(counts.items()):
        right, wrong = count["judged", True], count["judged", False]
        argued = count["argued", True] + count["argued", False]
        aside, lost = count["aside", True], count["aside", False]
        notes = [f"{argued} argued in the test" for _ in range(bool(argued))]
        notes += [f"malformed or heuristic {aside} of {aside + lost}" for _ in range(bool(aside + lost))]
        terminalreporter.line(f"{title}: {right} of {right + wrong + argued}" + "".join(f", {note}" for note in notes))
