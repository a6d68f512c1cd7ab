"""`nettools smtp`: send, check, command."""

from __future__ import annotations

import contextlib
import mailbox
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import Call, call
from nettools.cli.commands import Commands
from nettools.cli.inputs import existing, header, read_text, whole_message
from nettools.cli.lines import add_command
from nettools.cli.streams import reading
from nettools.errors import UsageError
from nettools.results import SendReport

__all__ = ["smtp"]


@click.group(
    cls=Commands,
    default="send",
    epilog="""\b
Examples:
  nettools smtp send smtp://me@mail.example --to a@b.example -s Hi --body 'Hello' -a report.pdf
  nettools smtp send smtps://me@mail.example --message draft.eml
  nettools smtp check smtp://mail.example --json
""",
)
def smtp() -> None:
    """Send mail, or check what a mail server offers."""


def _people(values: Iterable[str]) -> list[str]:
    """Addresses, given several times or with commas; a comma inside quotes or <> is the address's own."""
    result: list[str] = []
    for value in values:
        part, quoted = "", False
        for char in value:
            quoted ^= char == '"'
            if char == "," and not quoted:
                result.append(part.strip())
                part = ""
            else:
                part += char
        result.append(part.strip())
    return [each for each in result if each]


@smtp.command("send")
@click.argument("url")
@click.option("--from", "--sender", "sender", metavar="ADDRESS", help="Sender; '' is the null reverse path.")
@click.option("--to", multiple=True, metavar="ADDRESS[,ADDRESS]", help="Recipients.")
@click.option("--cc", multiple=True, metavar="ADDRESS", help="Recipients of a copy.")
@click.option("--bcc", multiple=True, metavar="ADDRESS", help="Recipients that the message does not name.")
@click.option("-s", "--subject", default="", help="Subject.")
@click.option("--body", "--text", "text", metavar="TEXT|@FILE|-", help="The text.")
@click.option("--html", metavar="HTML|@FILE", help="The text as HTML.")
@click.option("-a", "--attach", "--attachments", "attachments", multiple=True, metavar="FILE", help="Attach a file.")
@click.option(
    "-H", "--header", "--headers", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of your own."
)
@click.option("--message", metavar="FILE|-", help="A whole message, sent as it is.")
@click.option("--mbox", metavar="FILE", help="Send every message of an mbox, over one connection.")
@click.option("--partial/--no-partial", default=True, help="Send although some are refused; or to all or none.")
@click.option("--mail-options", "--mail-option", multiple=True, metavar="NAME[=VALUE]", help="A parameter of MAIL.")
@click.option("--rcpt-options", "--rcpt-option", multiple=True, metavar="NAME[=VALUE]", help="A parameter of RCPT.")
@click.option("--ehlo", metavar="NAME", help="The name to say in EHLO.")
def send(settings: Settings, url: str, ehlo: str | None, **given: Any) -> int:
    """Send a message; its text may come from stdin (--body -)."""
    import nettools

    with call(settings.having(ehlo=ehlo), "smtp", url) as this:
        keywords = _keywords(given)
        if given["mbox"] is not None:
            return _send_mbox(this, existing(given["mbox"]), keywords)
        if settings.dry_run:
            return _print_message(this, keywords)
        report = nettools.send_mail(this.url, **keywords, **this.keywords)
        this.out.result(report, lambda done: _reported(this, done))
        return _exit_code(report)


def _exit_code(report: SendReport) -> int:
    """0 when somebody was refused but others were not: the report says who, and the exit code that it was not all."""
    first = next(iter(report.refused.values()), None)
    return int(getattr(first, "exit_code", 9)) if first is not None else 0


def _keywords(given: dict[str, Any]) -> dict[str, Any]:
    keywords: dict[str, Any] = {
        "to": _people(given["to"]) or None,
        "cc": _people(given["cc"]),
        "bcc": _people(given["bcc"]),
        "partial": given["partial"],
        "mail_options": given["mail_options"],
        "rcpt_options": given["rcpt_options"],
    }
    if given["sender"] is not None:
        keywords["sender"] = given["sender"]
    whole = "--mbox" if given["mbox"] is not None else "--message" if given["message"] is not None else None
    content = ("text", "html", "attachments", "subject", "headers", *(["message"] if whole == "--mbox" else []))
    if whole is not None and any(given[name] for name in content):
        raise UsageError(f"{whole} has whole messages: --body, --html, -s, -a and -H do not go with it")
    if whole == "--mbox":
        return keywords
    if whole is not None:
        keywords["message"] = whole_message(given["message"])
        return keywords
    if given["text"] is not None:
        keywords["text"] = read_text(given["text"])
    if given["html"] is not None:
        keywords["html"] = read_text(given["html"])
    if given["headers"]:
        keywords["headers"] = [(name, value or "") for name, value in map(header, given["headers"])]
    keywords["subject"] = given["subject"]
    keywords["attachments"] = [existing(each) for each in given["attachments"]]
    return keywords


def _print_message(this: Call, keywords: dict[str, Any]) -> int:
    from nettools.protocols.smtp import draft

    prepared = draft(this.url, **keywords, **this.keywords)
    what = f"send from <{prepared.sender}> to {', '.join(prepared.recipients)}"
    if this.out.as_json:
        message = b"".join(prepared.blocks()).decode("utf-8", "replace")
        this.out.would(what, sender=prepared.sender, recipients=list(prepared.recipients), message=message)
        return 0
    this.out.would(what)
    for block in prepared.blocks():
        this.out.data(block)
    return 0


def _send_mbox(this: Call, path: Path, keywords: dict[str, Any]) -> int:
    """Every message of an mbox in order, each read when its turn comes."""
    import nettools

    with reading(str(path)), contextlib.closing(mailbox.mbox(str(path), create=False)) as box:
        if not box.keys() and path.stat().st_size:
            raise UsageError(
                f"{path} is no mbox: no line begins with `From `", hint="one message is sent by --message FILE"
            )
        messages = ({**keywords, "message": box.get_bytes(key)} for key in box.iterkeys())
        if this.settings.dry_run:
            return max((_print_message(this, each) for each in messages), default=0)
        reports = nettools.send_mails(this.url, messages, **this.keywords)
    this.out.rows(
        reports,
        ("message", "accepted", "refused"),
        lambda each: (each.message_id, ", ".join(each.accepted), ", ".join(each.refused)),
    )
    return next((code for code in map(_exit_code, reports) if code), 0)


def _reported(this: Call, report: SendReport) -> None:
    for address in report.accepted:
        this.out.note(f"accepted: {address}")
    for address, error in report.refused.items():
        this.out.note(f"refused: {address}: {error}")
    if report.message_id:
        this.out.line(report.message_id)
    this.out.warnings(report.meta)


@smtp.command("check")
@click.argument("url")
@click.option("--ehlo", metavar="NAME", help="The name to say in EHLO.")
def check(settings: Settings, url: str, ehlo: str | None) -> None:
    """Greeting, TLS, login and capabilities; no mail is sent."""
    import nettools

    with (
        call(settings.having(ehlo=ehlo), "smtp", url) as this,
        nettools.connect(this.url, kind=nettools.SMTPSession, **this.keywords) as session,
    ):
        names = sorted(session.check())
        parameters = {name: session.capability(name) or "" for name in names}
        report = {
            "url": session.url,
            "peer": session.peer,
            "greeting": session.greeting,
            "tls": session.tls,
            "login": session.auth.user if session.auth is not None else None,
            "mechanisms": parameters.get("AUTH", "").split(),
            "capabilities": parameters,
            "meta": session.meta,
        }
        if this.out.as_json:
            this.out.json(report)
            return
        tls = session.tls
        this.out.line(f"peer        {session.peer}")
        this.out.line(f"greeting    {report['greeting']}")
        whom = tls.subject or "not verified" if tls else None
        this.out.line(f"TLS         {f'{tls.version} {tls.cipher}, {whom}' if tls else 'none'}")
        this.out.line(f"login       {report['login'] or 'none'}")
        for name, value in parameters.items():
            this.out.line(f"{name:<11} {value}".rstrip())


add_command(smtp, "Send one command, such as 'VRFY postmaster', and print the reply.")
