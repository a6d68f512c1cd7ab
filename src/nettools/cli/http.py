"""`nettools http`: get, head, post, put, patch, delete, download. Letters mean what they mean in curl."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import click

from nettools.cli.arguments import NEWER_OPTION, RANGE_OPTION, Settings
from nettools.cli.calling import Call, call
from nettools.cli.commands import Commands, Verb
from nettools.cli.inputs import existing, header, newer_than, read_argument
from nettools.cli.streams import reading, standard_input, writing
from nettools.errors import FileError, HTTPStatusError, UsageError
from nettools.frozen import replace
from nettools.results import Page, Transfer

__all__ = ["http"]

HEADER_OPTION = click.option(
    "-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="`NAME:` sends none."
)
OPTIONS = (
    click.option("-X", "--request", "method", metavar="METHOD", help="The method."),
    HEADER_OPTION,
    click.option(
        *("-d", "--data", "--data-binary", "data"),
        multiple=True,
        metavar="DATA|@FILE|@-",
        help="Body; several are joined by &.",
    ),
    click.option(
        "--data-urlencode", "encoded", multiple=True, metavar="NAME=TEXT", help="As -d, with the text percent-encoded."
    ),
    click.option("--json-data", metavar="JSON|@FILE|@-", help="Body in JSON, and said to be."),
    click.option("-G", "--get", "in_query", is_flag=True, help="What -d gives goes into the query of a GET."),
    click.option("-F", "--form", "form", multiple=True, metavar="NAME=VALUE|NAME=@FILE", help="A multipart form."),
    click.option("-T", "--upload-file", "upload", metavar="FILE|-", help="Send this file as the body (PUT)."),
    click.option("-A", "--user-agent", metavar="NAME", help="What the client calls itself."),
    click.option("-e", "--referer", metavar="URL", help="Where the link to this page stood."),
    click.option("-I", "--head", "only_head", is_flag=True, help="Headers only (HEAD)."),
    click.option("-i", "--include", is_flag=True, help="Print status and headers before the body."),
    click.option("-b", "--cookie", "cookies", multiple=True, metavar="NAME=VALUE|FILE", help="Cookies to send."),
    click.option("-c", "--cookie-jar", metavar="FILE", help="Write the cookies to this file at the end."),
    click.option("--param", "--params", "params", multiple=True, metavar="NAME=VALUE", help="Added to the query."),
    click.option(
        "--max-redirs", "follow", type=click.IntRange(0), default=10, metavar="N", help="Redirects to follow."
    ),
    click.option("--unix-socket", metavar="PATH", help="Connect to this socket."),
    RANGE_OPTION,
    NEWER_OPTION,
    click.option("--raw", is_flag=True, help="Exactly the octets of the body, on a terminal too."),
    click.option("--check/--no-check", default=True, help="A status of 400 or above is an error, or not."),
    click.option("--decode/--no-decode", default=True, help="Undo Content-Encoding, or leave it as it is."),
    click.option("-s", "--silent", is_flag=True, help="As -q."),
    click.option(  # what curl has to be told, and is so here anyway
        *("-L", "--location", "-f", "--fail", "-S", "--show-error", "--compressed", "as_in_curl"),
        is_flag=True,
        expose_value=False,
        hidden=True,
    ),
)


def _verb(name: str, method: str, text: str) -> click.Command:
    def run(settings: Settings, url: str, file: str | None = None, **options: Any) -> None:
        if file is not None:
            options["upload"], url = (url, file) if "://" in file and "://" not in url else (file, url)
        _request(settings, url, method, options)

    run.__doc__ = text
    function: Any = run
    if name == "put":
        function = click.argument("file", required=False)(function)
    function = click.argument("url")(function)
    for option in reversed(OPTIONS):
        function = option(function)
    return click.command(name, cls=Verb, transfers=Verb.TRANSFERS)(function)


def _request(settings: Settings, url: str, method: str, options: dict[str, Any]) -> None:
    import nettools

    if options["silent"]:
        settings = replace(settings, values={**settings.values, "quiet": True})
    chosen, keywords = _arguments(method, options)
    keywords["method"] = options["method"] or chosen
    shown = options["include"] or keywords["method"].upper() == "HEAD"
    wants_file = (settings.destination is not None or settings.resume) and not shown
    body: Any = keywords.get("data")
    with (
        contextlib.closing(body) if options["upload"] not in (None, "-") else contextlib.nullcontext(),
        call(settings, "http", url, to_file=not wants_file, progress=wants_file) as this,
    ):
        if settings.dry_run and keywords["method"].upper() not in ("GET", "HEAD", "OPTIONS"):
            this.out.would(f"send {keywords['method']} {this.target.url}")
            return
        pairs, files = _cookies(options["cookies"])
        if pairs:
            this.keywords["cookies"] = pairs
        session: Any = nettools.connect(_named(this.url, options["upload"]), **this.keywords)
        with session:
            for file in files:
                _read_cookies(file, session.cookies)
            try:
                if wants_file:
                    _download(this, session, keywords)
                else:
                    _fetch(this, session, keywords, options, shown)
            finally:
                if options["cookie_jar"]:
                    _write_cookies(options["cookie_jar"], session.cookies)


def _named(url: str, upload: str | None) -> str:
    """The URL of an upload: a folder's gets the name of the file, as curl has it."""
    return url + quote(Path(upload).name) if upload not in (None, "-", ".") and url.endswith("/") else url


def _fetch(this: Call, session: Any, keywords: dict[str, Any], options: dict[str, Any], shown: bool) -> None:
    more = {"check": options["check"], "decode": options["decode"]}
    checksum = this.settings.checksum
    if checksum is not None:
        from nettools.files import check_octets, parse_checksum

        wanted = parse_checksum(checksum)
    try:
        page = session.fetch(None, **keywords, **more)
    except HTTPStatusError as error:
        if this.out.as_json:
            this.out.json(error.page)
        else:
            _show(this, error.page, shown, options["raw"])
        raise
    if checksum is not None:
        check_octets(wanted, page.content)
    this.out.result(page, lambda result: _show(this, result, shown, options["raw"]))


def _download(this: Call, session: Any, keywords: dict[str, Any]) -> None:
    settings = this.settings
    transfer: Transfer = session.download(
        None, settings.place(), resume=settings.resume, checksum=settings.checksum, **keywords
    )
    this.out.result(
        transfer, lambda done: this.out.note(f"{done.path}: {done.size} octets" if not done.skipped else "not newer")
    )


def _arguments(method: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The method that the options imply, and what they say of the request."""
    keywords: dict[str, Any] = {}
    headers = [header(each) for each in options["headers"]]
    headers += [
        (name, options[option])
        for name, option in (("User-Agent", "user_agent"), ("Referer", "referer"))
        if options[option] is not None
    ]
    if options["params"]:
        keywords["params"] = [tuple(each.partition("=")[::2]) for each in options["params"]]
    if options["range_"] is not None:
        keywords["range"] = options["range_"]
    if options["newer"] is not None:
        keywords["newer_than"] = newer_than(options["newer"])
    keywords["follow"] = options["follow"]
    if options["unix_socket"]:
        keywords["unix_socket"] = options["unix_socket"]
    named = {name.lower() for name, _ in headers}
    method, kind = _body(method, options, keywords)
    if kind is not None and "content-type" not in named:
        headers.append(("Content-Type", kind))
    if headers:
        keywords["headers"] = headers
    if options["only_head"]:
        method = "HEAD"
    return method, keywords


def _body(method: str, options: dict[str, Any], keywords: dict[str, Any]) -> tuple[str, str | None]:
    """Put the body where it belongs; the method that it implies, and its type where that has to be said."""
    form = [read_argument(each) for each in options["data"]] + [_encoded(each) for each in options["encoded"]]
    if sum(map(bool, (form, options["json_data"], options["form"], options["upload"]))) > 1:
        raise UsageError("-d, --json-data, -F and -T exclude each other")
    if options["in_query"]:
        if options["json_data"] or options["form"] or options["upload"]:
            raise UsageError("-G goes with -d and --data-urlencode, whose place is the query then")
        query = b"&".join(form).decode("utf-8", "surrogateescape")
        keywords["params"] = [*keywords.get("params", ()), *parse_qsl(query, keep_blank_values=True)]
        return method, None
    posts = "POST" if method == "GET" else method
    if form:
        keywords["data"] = b"&".join(form)
        return posts, "application/x-www-form-urlencoded"
    if options["json_data"]:
        keywords["data"] = read_argument(options["json_data"])
        try:
            json.loads(keywords["data"])
        except (ValueError, RecursionError) as error:
            raise UsageError(f"--json-data is no JSON: {error}") from error
        return posts, "application/json"
    if options["form"]:
        keywords["files"] = _form(options["form"])
        return posts, None
    if options["upload"]:
        keywords["data"] = standard_input() if options["upload"] == "-" else _open(options["upload"])
        return "PUT" if method == "GET" else method, None
    return method, None


def _encoded(text: str) -> bytes:
    """`name=text` or `text`, with what is not safe percent-encoded; `name@file` takes the text from a file."""
    name, sign, value = re.fullmatch(r"([^=@]*)([=@]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if not sign:
        name, value = "", text
    content = read_argument(f"@{value}") if sign == "@" else value.encode("utf-8", "surrogateescape")
    return (f"{name}=" if name else "").encode("utf-8", "surrogateescape") + quote(content, safe="").encode()


def _open(name: str) -> Any:
    with reading(name):
        return Path(name).open("rb")


def _form(entries: tuple[str, ...]) -> list[tuple[str, Any]]:
    """The fields of -F: `name=value`, `name=@file` (`;type=` and `;filename=` behind it), `name=<file`."""
    result: list[tuple[str, Any]] = []
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals:
            raise UsageError(f"-F {entry!r} is not NAME=VALUE or NAME=@FILE")
        if not value.startswith(("@", "<")):
            result.append((name, (None, value)))
            continue
        file, *settings = value[1:].split(";")
        more = dict(each.strip().partition("=")[::2] for each in settings)
        content: Any = standard_input() if file == "-" else existing(file)
        if value.startswith("<"):
            result.append((name, (None, content if file == "-" else read_argument(f"@{file}"), more.get("type"))))
        else:
            result.append((name, (more.get("filename", Path(file).name), content, more.get("type"))))
    return result


def _cookies(entries: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """What -b gives: cookies by name, and files that hold some."""
    pairs: dict[str, str] = {}
    for entry in entries:
        if "=" in entry:
            pairs.update(each.strip().partition("=")[::2] for each in re.split(r";\s*", entry) if each)
    return pairs, [entry for entry in entries if "=" not in entry]


def _read_cookies(name: str, jar: Any) -> None:
    """The cookies of a file in the Netscape format, each for the domain, the path and the time that it says."""
    from http.cookiejar import LoadError, MozillaCookieJar

    file = MozillaCookieJar()
    with reading(name):
        try:
            file.load(name, ignore_discard=True, ignore_expires=True)
        except LoadError as error:
            raise UsageError(
                f"{name} is no cookie file", hint="its first line is # Netscape HTTP Cookie File"
            ) from error
        except ValueError as error:
            raise FileError(f"cannot read {name}: it is no text", filename=name, exit_code=26) from error
    for cookie in file:
        cookie.expires = cookie.expires or None  # 0 is a cookie of the session, as curl writes it
        if not cookie.is_expired():
            jar.set_cookie(cookie)


def _write_cookies(name: str, jar: Any) -> None:
    lines = ["# Netscape HTTP Cookie File"]
    for cookie in jar:
        domain = cookie.domain
        flags = ("TRUE" if domain.startswith(".") else "FALSE", cookie.path, "TRUE" if cookie.secure else "FALSE")
        lines.append("\t".join((domain, *flags, str(cookie.expires or 0), cookie.name, cookie.value or "")))
    # a session's cookies are as good as its password: nobody else may read them
    with (
        writing(name),
        open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file,
    ):
        file.write("\n".join(lines) + "\n")


def _show(this: Call, page: Page, shown: bool, raw: bool) -> None:
    if shown:
        head = [f"HTTP/1.1 {page.status} {page.reason}", *(f"{name}: {value}" for name, value in page.headers.pairs)]
        for line in (*head, ""):
            this.out.line(line)
    if page.content and raw:
        this.out.write(page.content)
    elif page.content:
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
    ("put", "PUT", "Store a body, such as FILE, at the URL."),
    ("patch", "PATCH", "Change what is at the URL."),
    ("delete", "DELETE", "Remove what is at the URL."),
):
    http.add_command(_verb(_name, _method, _text))


@http.command("download", transfers=Verb.TRANSFERS)
@click.argument("url")
@click.argument("dest", required=False)
@HEADER_OPTION
@NEWER_OPTION
def download(settings: Settings, url: str, dest: str | None, headers: tuple[str, ...], newer: str | None) -> None:
    """Fetch a file to DEST, into the folder DEST, or under its own name here."""
    import nettools

    keywords: dict[str, Any] = {"headers": [header(each) for each in headers]} if headers else {}
    if newer is not None:
        keywords["newer_than"] = newer_than(newer)
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
