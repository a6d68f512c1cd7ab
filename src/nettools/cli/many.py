"""`nettools get --from FILE`: many files side by side, on threads or on the workers of a dask scheduler."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import output
from nettools.cli.commands import Verb
from nettools.cli.ending import at_once
from nettools.cli.inputs import read_text
from nettools.cli.render import report_error
from nettools.credentials import Auth
from nettools.errors import MissingExtraError, NettoolsError, UsageError

__all__ = ["many"]


@contextlib.contextmanager
def scheduler(address: str | None) -> Iterator[Executor | None]:
    """The executor of a dask scheduler, None without one."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtraError("--dask needs dask's distributed", hint="pip install 'nettools[dask]'") from error
    try:
        client: Any = Client(address, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UsageError(f"there is no dask scheduler at {address}", hint=str(error) or None, exit_code=7) from error
    with client, client.get_executor() as executor:
        yield executor


def _urls(source: str) -> list[str]:
    """The addresses in a file, one a line; blank lines and those that begin with # are none."""
    text = read_text("-" if source == "-" else f"@{source}")
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]


def _keywords(settings: Settings) -> dict[str, Any]:
    keywords = settings.keywords()
    if settings.user is not None:
        user, colon, word = settings.user.partition(":")
        if not colon:
            raise UsageError("with --from, -u is USER:PASS: there is nobody to ask for each server")
        keywords["auth"] = Auth(user, word)
    elif settings.token is not None:
        keywords["auth"] = Auth(token=settings.token)
    keywords["netrc"] = not settings.no_netrc and "auth" not in keywords
    if settings.resume:
        keywords["resume"] = True
    return keywords


@click.command("get", cls=Verb, transfers=("resume",))
@click.option("--from", "source", required=True, metavar="FILE|-", help="Addresses to fetch, one a line.")
@click.option("--workers", type=click.IntRange(1), default=8, metavar="N", help="How many at once (8).")
@click.option("--dask", metavar="ADDRESS", help="Run them on the workers of this dask scheduler (extra dask).")
@click.option("--overwrite", is_flag=True, help="Replace files of the same name instead of numbering new ones.")
def many(settings: Settings, source: str, workers: int, dask: str | None, overwrite: bool) -> int:
    """Fetch many files into a folder (-o DIR); a line for each, as it is done."""
    import nettools

    urls, keywords = _urls(source), _keywords(settings)
    folder = str(Path(settings.output or ".").absolute())  # the workers may be somewhere else
    code = 0
    with output(settings, to_file=False) as out, scheduler(dask) as executor, at_once():
        outcomes = nettools.download_many(
            urls, folder, workers=workers, executor=executor, overwrite=overwrite, **keywords
        )
        for outcome in outcomes:
            if out.as_json:
                out.json(outcome)
            elif outcome.ok:
                done = outcome.result()
                out.line(f"{done.path}\t{done.size}\t{outcome.url}")
            if outcome.error is not None:
                error = outcome.error
                ours = (
                    error
                    if isinstance(error, NettoolsError)
                    else UsageError(f"the call was lost: {error}", exit_code=1)
                )
                report_error(ours, as_json=out.as_json)
                code = code or ours.exit_code
    return code
