"""`nettools http`: get, head, post, put, patch, delete, download. Letters mean what they mean in curl."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import RANGE, Settings, shared_options
from nettools.cli.calling import Call, call, read_argument, standard_input
from nettools.cli.main import Commands
from nettools.errors import FileError, HTTPStatusError, UsageError
from nettools.results import Page, Transfer

__all__ = ["http"]

OPTIONS = (
    click.option("-X", "--request", "method", metavar="METHOD", help="The method."),
    click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="`NAME:` sends none."),
    click.option("-d", "--data", "data", multiple=True, metavar="DATA|@FILE|@-", help="Body; several are joined by &."),
    click.option("-F", "--form", "form", multiple=True, metavar="NAME=VALUE|NAME=@FILE", help="A multipart form."),
    click.option("-T", "--upload-file", "upload", metavar="FILE|-", help="Send this file as the body (PUT)."),
    click.option("-I", "--head", "only_head", is_flag=True, help="Headers only (HEAD)."),
    click.option("-i", "--include", is_flag=True, help="Print status and headers before the body."),
    click.option("-b", "--cookie", "cookies", multiple=True, metavar="NAME=VALUE|FILE", help="Cookies to send."),
    click.option("--cookie-jar", metavar="FILE", help="Write the cookies to this file at the end."),
    click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the query."),
    click.option(
        "--max-redirs", "follow", type=click.IntRange(0), default=10, metavar="N", help="Redirects to follow."
    ),
    click.option("--unix-socket", metavar="PATH", help="Connect to this socket."),
    click.option("-r", "--range", "range_", type=RANGE, help="These octets only."),
    click.option("-z", "--newer-than", metavar="FILE|DATE", help="Only if it changed since."),
    click.option("--no-check", is_flag=True, help="A status of 400 or above is no error."),
    click.option("--no-decode", is_flag=True, help="Leave Content-Encoding as it is."),
)


def _verb(name: str, method: str, text: str) -> click.Command:
    def run(settings: Settings, url: str, **options: Any) -> None:
        _request(settings, url, method, options)

    run.__doc__ = text
    function: Any = click.argument("url")(run)
    for option in reversed(OPTIONS):
        function = option(function)
    return shared_options(click.command(name)(function))


def _request(settings: Settings, url: str, method: str, options: dict[str, Any]) -> None:
    import nettools

    chosen, keywords = _arguments(method, options)
    keywords["method"] = options["method"] or chosen
    wants_file = settings.destination is not None or settings.resume
    with call(settings, "http", url, to_file=not wants_file, progress=wants_file) as this:
        if settings.dry_run and keywords["method"].upper() not in ("GET", "HEAD", "OPTIONS"):
            this.out.note(f"would send {keywords['method']} {this.target.url}")
            return
        if options["cookies"]:
            this.keywords["cookies"] = _cookies(options["cookies"])
        if wants_file:
            _download(this, keywords, options)
            return
        try:
            with nettools.connect(this.url, **this.keywords) as session:
                page = session.fetch(None, **keywords, **_page_only(options))  # type: ignore[attr-defined]
                if options["cookie_jar"]:
                    _write_cookies(options["cookie_jar"], session.cookies)  # type: ignore[attr-defined]
        except HTTPStatusError as error:
            if not this.out.as_json:
                _show(this, error.page, options)
            else:
                this.out.json(error.page)
            raise
        this.out.result(page, lambda result: _show(this, result, options))


def _page_only(options: dict[str, Any]) -> dict[str, Any]:
    return {
        "follow": options["follow"],
        "check": not options["no_check"],
        "decode": not options["no_decode"],
        "unix_socket": options["unix_socket"],
        "files": _form(options["form"]) if options["form"] else None,
    }


def _download(this: Call, keywords: dict[str, Any], options: dict[str, Any]) -> None:
    import nettools

    settings = this.settings
    if options["form"]:
        raise UsageError("-F and -o do not go together", hint="redirect stdout to keep the answer of a form")
    destination = settings.destination
    if destination is None:
        raise UsageError("-C needs -o FILE or -O to know what to continue")
    transfer: Transfer = nettools.download(
        this.url, destination, resume=settings.resume, checksum=settings.checksum, **keywords, **this.keywords
    )
    this.out.result(
        transfer, lambda done: this.out.note(f"{done.path}: {done.size} octets" if not done.skipped else "not newer")
    )


def _arguments(method: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The method that the options imply, and what they say of the request."""
    keywords: dict[str, Any] = {}
    if options["headers"]:
        keywords["headers"] = [_header(each) for each in options["headers"]]
    if options["params"]:
        keywords["params"] = [tuple(each.partition("=")[::2]) for each in options["params"]]
    if options["range_"] is not None:
        keywords["range"] = options["range_"]
    if options["newer_than"] is not None:
        keywords["newer_than"] = _newer(options["newer_than"])
    bodies = [name for name in ("data", "form", "upload") if options[name]]
    if len(bodies) > 1:
        raise UsageError("-d, -F and -T exclude each other")
    if options["data"]:
        keywords["data"] = b"&".join(read_argument(each) for each in options["data"])
        named = {name.lower() for name, _ in keywords.get("headers", ())}
        if "content-type" not in named:
            keywords.setdefault("headers", []).append(("Content-Type", "application/x-www-form-urlencoded"))
        method = "POST" if method == "GET" else method
    elif options["form"]:
        method = "POST" if method == "GET" else method
    elif options["upload"]:
        keywords["data"] = standard_input() if options["upload"] == "-" else _open(options["upload"])
        method = "PUT" if method == "GET" else method
    if options["only_head"]:
        method = "HEAD"
    return method, keywords


def _open(name: str) -> Any:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise FileError(
            f"cannot read {name}: {error.strerror}", errno=error.errno, filename=name, exit_code=26
        ) from error


def _header(text: str) -> tuple[str, str | None]:
    name, colon, value = text.partition(":")
    if not colon:
        if text.endswith(";"):
            return text[:-1], ""
        raise UsageError(f"-H {text!r} has no colon", hint="a header is 'Name: value'")
    return name.strip(), value.strip() or None


def _newer(value: str) -> Any:
    path = Path(value)
    if path.exists():
        return path
    from nettools.options import since

    return since(value)


def _form(entries: tuple[str, ...]) -> list[tuple[str, Any]]:
    result: list[tuple[str, Any]] = []
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals:
            raise UsageError(f"-F {entry!r} is not NAME=VALUE or NAME=@FILE")
        if value.startswith("@"):
            file, *settings = value[1:].split(";")
            more = dict(each.strip().partition("=")[::2] for each in settings)
            path = Path(file)
            if not path.is_file():
                raise FileError(f"cannot read {file}: no such file", filename=file, exit_code=26)
            result.append((name, (more.get("filename", path.name), path, more.get("type"))))
        else:
            result.append((name, (None, value)))
    return result


def _cookies(entries: tuple[str, ...]) -> dict[str, str]:
    result: dict[str, str] = {}
    for entry in entries:
        if "=" in entry:
            result.update(each.strip().partition("=")[::2] for each in re.split(r";\s*", entry) if each)
            continue
        try:
            lines = Path(entry).read_text("utf-8").splitlines()
        except OSError as error:
            raise FileError(f"cannot read {entry}: {error.strerror}", filename=entry, exit_code=26) from error
        for line in lines:  # the Netscape format: domain, flag, path, secure, expiry, name, value
            fields = line.removeprefix("#HttpOnly_").split("\t")
            if len(fields) == 7 and not fields[0].startswith("#"):
                result[fields[5]] = fields[6]
    return result


def _write_cookies(name: str, jar: Any) -> None:
    lines = ["# Netscape HTTP Cookie File"]
    for cookie in jar:
        domain = cookie.domain
        flags = ("TRUE" if domain.startswith(".") else "FALSE", cookie.path, "TRUE" if cookie.secure else "FALSE")
        lines.append("\t".join((domain, *flags, str(cookie.expires or 0), cookie.name, cookie.value or "")))
    try:
        Path(name).write_text("\n".join(lines) + "\n", "utf-8")
    except OSError as error:
        raise FileError(f"cannot write {name}: {error.strerror}", errno=error.errno, filename=name) from error


def _show(this: Call, page: Page, options: dict[str, Any]) -> None:
    if options["include"] or options["only_head"]:
        head = [f"HTTP {page.status} {page.reason}", *(f"{name}: {value}" for name, value in page.headers.pairs), ""]
        for line in head:
            this.out.line(line)
    if page.content:
        this.out.data(page.content)


@click.group(
    cls=Commands,
    default="get",
    epilog="""\b
Examples:
  nettools http https://example.org/
  nettools http post URL -d @body.json -H 'Content-Type: application/json' --json
  nettools http URL -C -o big.iso
""",
)
def http() -> None:
    """Fetch pages and files, send forms, over HTTP and HTTPS."""


for _name, _method, _text in (
    ("get", "GET", "Fetch a page; -o FILE writes it to a file, -C continues one."),
    ("head", "HEAD", "Fetch the headers only."),
    ("post", "POST", "Send a body or a form."),
    ("put", "PUT", "Store a body at the URL."),
    ("patch", "PATCH", "Change what is at the URL."),
    ("delete", "DELETE", "Remove what is at the URL."),
):
    http.add_command(_verb(_name, _method, _text))


@http.command("download")
@click.argument("url")
@click.argument("dest", required=False)
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'")
@click.option("-z", "--newer-than", metavar="FILE|DATE", help="Only if it changed since.")
def download(settings: Settings, url: str, dest: str | None, headers: tuple[str, ...], newer_than: str | None) -> None:
    """Fetch a file to DEST, into the folder DEST, or under its own name here."""
    import nettools

    keywords: dict[str, Any] = {"headers": [_header(each) for each in headers]} if headers else {}
    if newer_than is not None:
        keywords["newer_than"] = _newer(newer_than)
    with call(settings, "http", url, to_file=False, progress=True) as this:
        transfer = nettools.download(
            this.url,
            dest or settings.destination or str(Path.cwd()) + "/",
            resume=settings.resume,
            checksum=settings.checksum,
            **keywords,
            **this.keywords,
        )
        this.out.result(transfer, lambda done: this.out.note(f"{done.path}: {done.size} octets"))


shared_options(download)
