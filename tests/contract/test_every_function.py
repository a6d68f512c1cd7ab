"""Every function of the facade over every real server: it works, or the server does not offer it, and nothing else.

`make servers` writes the outcome to docs/servers.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from contract.mailboxes import again_and_again
from nettools import Query, Timeout, UnsupportedError

pytestmark = pytest.mark.daemon

Call = Callable[[Any, Path], object]
RAW = b"From: Bob <bob@example.org>\r\nTo: alice@example.org\r\nSubject: one\r\nMessage-ID: <one@x>\r\n\r\nbody\r\n"
WITH_FILE = (
    b"From: bob@example.org\r\nSubject: two\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nsee attached\r\n"
    b"--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nattached\r\n--b--\r\n"
)
SERVERS = {
    "http": "nginx", "ftp": "vsftpd", "smtp": "postfix", "imap": "dovecot", "pop3": "dovecot", "gopher": "gophernicus",
    "nntp": "inn2", "telnet": "telnetd",
}  # fmt: skip


def names(entries: Any) -> set[str]:
    return {entry.name for entry in entries}


# --- files


def check_fetch_page(site: Any, folder: Path) -> object:
    return nettools.fetch_page(site.at("pub/hello.txt"), **site.anonymous).content == b"Hello, world.\n"


def check_download(site: Any, folder: Path) -> object:
    options = site.options if site.url.startswith("ftp") else site.anonymous
    done = nettools.download(site.at("pub/hello.txt"), folder / "hello.txt", **options)
    return (folder / "hello.txt").read_bytes() == b"Hello, world.\n" and done.size == 14


def check_download_many(site: Any, folder: Path) -> object:
    options = site.options if site.url.startswith("ftp") else site.anonymous
    urls = [site.at("pub/hello.txt"), site.at("pub/sub/deep.txt")]
    return all(outcome.ok for outcome in nettools.download_many(urls, folder, workers=2, **options))


def check_ftp_put(site: Any, folder: Path) -> object:
    nettools.ftp_put(b"octets", site.at("new.bin"), **site.options)
    return nettools.ftp_get(site.at("new.bin"), **site.options).data == b"octets"


def check_ftp_rename(site: Any, folder: Path) -> object:
    nettools.ftp_put(b"x", site.at("before.txt"), **site.options)
    return nettools.ftp_rename(site.at("before.txt"), "after.txt", **site.options).name == "after.txt"


def check_ftp_remove(site: Any, folder: Path) -> object:
    nettools.ftp_put(b"x", site.at("gone.txt"), **site.options)
    nettools.ftp_remove(site.at("gone.txt"), **site.options)
    return "gone.txt" not in names(nettools.ftp_list(site.at(""), **site.options))


def check_ftp_mkdir(site: Any, folder: Path) -> object:
    nettools.ftp_mkdir(site.at("a/b/"), **site.options)
    return "b" in names(nettools.ftp_list(site.at("a/"), **site.options))


def check_ftp_chmod(site: Any, folder: Path) -> object:
    nettools.ftp_put(b"octets", site.at("new.bin"), **site.options)
    nettools.ftp_chmod(site.at("new.bin"), 0o640, **site.options)
    return nettools.ftp_info(site.at("new.bin"), **site.options).size == 6


def check_ftp_mirror(site: Any, folder: Path) -> object:
    nettools.ftp_mirror(site.at("pub/"), folder, **site.options)
    return (folder / "sub" / "deep.txt").exists()


# --- mail


def deliver(site: Any, *raws: bytes) -> None:
    for raw in raws:
        site.service.facts["deliver"](site.options["auth"][0], raw)


def newest(site: Any) -> str:
    return str(nettools.list_mail(site.url, **site.options)[0].uid)


def check_list_mail(site: Any, folder: Path) -> object:
    deliver(site, RAW)
    return [info.subject for info in nettools.list_mail(site.url, **site.options)] == ["one"]


def check_search_mail(site: Any, folder: Path) -> object:
    deliver(site, RAW, WITH_FILE)
    return len(nettools.search_mail(site.url, Query(subject="two"), **site.options)) == 1


def check_fetch_mail(site: Any, folder: Path) -> object:
    deliver(site, RAW)
    return nettools.fetch_mail(site.url, newest(site), **site.options).raw == RAW


def check_fetch_mails(site: Any, folder: Path) -> object:
    deliver(site, RAW, WITH_FILE)
    return [mail.raw for mail in nettools.fetch_mails(site.url, **site.options)] == [RAW, WITH_FILE]


def check_save_attachments(site: Any, folder: Path) -> object:
    deliver(site, WITH_FILE)
    (path,) = nettools.save_attachments(site.url, folder, uid=newest(site), **site.options)
    return path.read_bytes().strip() == b"attached"


def check_delete_mail(site: Any, folder: Path) -> object:
    deliver(site, RAW)
    nettools.delete_mail(site.url, newest(site), **site.options)
    return nettools.list_mail(site.url, **site.options) == ()


def check_move_mail(site: Any, folder: Path) -> object:
    deliver(site, RAW)
    nettools.move_mail(site.url, newest(site), "Archive", **site.options)
    return len(nettools.list_mail(site.url, folder="Archive", **site.options)) == 1


def check_copy_mail(site: Any, folder: Path) -> object:
    deliver(site, RAW)
    nettools.copy_mail(site.url, newest(site), "Archive", **site.options)
    return len(nettools.list_mail(site.url, **site.options)) == 1


def check_flag_mail(site: Any, folder: Path) -> object:
    deliver(site, RAW)
    nettools.flag_mail(site.url, newest(site), add="\\Flagged", **site.options)
    return "\\Flagged" in nettools.list_mail(site.url, **site.options)[0].flags


def check_append_mail(site: Any, folder: Path) -> object:
    nettools.append_mail(site.url, RAW, folder="Archive", **site.options)
    return len(nettools.list_mail(site.url, folder="Archive", **site.options)) == 1


def check_create_folder(site: Any, folder: Path) -> object:
    nettools.create_folder(site.url, "Grüße", **site.options)
    return "Grüße" in names(nettools.list_folders(site.url, **site.options))


def check_delete_folder(site: Any, folder: Path) -> object:
    nettools.create_folder(site.url, "Gone", **site.options)
    nettools.delete_folder(site.url, "Gone", **site.options)
    return "Gone" not in names(nettools.list_folders(site.url, **site.options))


def check_rename_folder(site: Any, folder: Path) -> object:
    nettools.create_folder(site.url, "Before", **site.options)
    nettools.rename_folder(site.url, "Before", "Behind", **site.options)
    return {"Behind"} == {"Before", "Behind"} & names(nettools.list_folders(site.url, **site.options))


def check_list_folders(site: Any, folder: Path) -> object:
    return "INBOX" in names(nettools.list_folders(site.url, **site.options))


def check_watch_mail(site: Any, folder: Path) -> object:
    options = {**site.options, "timeout": Timeout(total=15)}
    with nettools.connect(site.url, **options) as mail:
        arrivals = mail.watch()
        with again_and_again(lambda: deliver(site, RAW), every=0.3):
            return next(arrivals).subject == "one"


def check_send_mail(site: Any, folder: Path) -> object:
    report = nettools.send_mail(
        site.url, sender="bob@example.org", to="alice@example.org", subject="Grüße", text="Zażółć", **site.options
    )
    return report.accepted == ("alice@example.org",)


def check_send_mails(site: Any, folder: Path) -> object:
    each = {"sender": "bob@example.org", "to": "alice@example.org", "text": "x"}
    return [report.accepted for report in nettools.send_mails(site.url, [each, each], **site.options)] == [
        ("alice@example.org",)
    ] * 2


# --- news, Telnet, Gopher


def check_list_groups(site: Any, folder: Path) -> object:
    return "local.test" in names(nettools.list_groups(site.url, **site.options))


def check_list_articles(site: Any, folder: Path) -> object:
    return len(nettools.list_articles(site.url, group="local.test", **site.options)) >= 2


def check_fetch_article(site: Any, folder: Path) -> object:
    return nettools.fetch_article(site.url, "<a1@example.test>", **site.options).info.subject == "first article"


def check_fetch_articles(site: Any, folder: Path) -> object:
    return len(list(nettools.fetch_articles(site.url, [1, 2], group="local.test", **site.options))) == 2


def check_post_article(site: Any, folder: Path) -> object:
    group = site.service.facts["new_group"]()
    report = nettools.post_article(
        site.url, group=group, sender="bob@example.org", subject="hello", text="first", **site.options
    )
    return bool(report.message_id)


def check_telnet_run(site: Any, folder: Path) -> object:
    script = [
        ("login: ", "alice"),
        ("Password: ", nettools.Secret("secret")),
        ("$ ", "echo hello there"),
        ("$ ", "exit"),
    ]
    options = {name: value for name, value in site.anonymous.items() if name != "tls" or site.kind == "implicit"}
    return "hello there" in nettools.telnet_run(site.url, script, **options).text


def check_gopher_get(site: Any, folder: Path) -> object:
    data = nettools.gopher_get(site.at("0/pub/hello.txt"), **gopher_options(site)).data
    return data.splitlines() == [b"Hello, world."]


def check_gopher_list(site: Any, folder: Path) -> object:
    return any("hello" in item.title for item in nettools.gopher_list(site.at("1/pub"), **gopher_options(site)))


def check_gopher_search(site: Any, folder: Path) -> object:
    found = nettools.gopher_search(site.at("7" + site.service.facts["search"]), "words", **gopher_options(site))
    return bool(found)


def gopher_options(site: Any) -> dict[str, Any]:
    return {name: value for name, value in site.anonymous.items() if name != "tls" or site.kind == "implicit"}


# --- the table

FILES: dict[str, Call] = {"download": check_download, "download_many": check_download_many}
MAILBOX: dict[str, Call] = {
    "list_mail": check_list_mail, "search_mail": check_search_mail, "fetch_mail": check_fetch_mail,
    "fetch_mails": check_fetch_mails, "save_attachments": check_save_attachments, "delete_mail": check_delete_mail,
    "move_mail": check_move_mail, "copy_mail": check_copy_mail, "flag_mail": check_flag_mail,
    "append_mail": check_append_mail, "create_folder": check_create_folder, "delete_folder": check_delete_folder,
    "rename_folder": check_rename_folder, "list_folders": check_list_folders,
    "watch_mail": check_watch_mail,
}  # fmt: skip
TABLE: dict[str, dict[str, Call]] = {
    "http": {"fetch_page": check_fetch_page, **FILES},
    "ftp": {
        **FILES,
        "ftp_get": lambda site, _: nettools.ftp_get(site.at("pub/hello.txt"), **site.options).size == 14,
        "ftp_put": check_ftp_put,
        "ftp_list": lambda site, _: "hello.txt" in names(nettools.ftp_list(site.at("pub/"), **site.options)),
        "ftp_info": lambda site, _: nettools.ftp_info(site.at("pub/hello.txt"), **site.options).size == 14,
        "ftp_rename": check_ftp_rename,
        "ftp_remove": check_ftp_remove,
        "ftp_mkdir": check_ftp_mkdir,
        "ftp_chmod": check_ftp_chmod,
        "ftp_mirror": check_ftp_mirror,
    },
    "smtp": {"send_mail": check_send_mail, "send_mails": check_send_mails},
    "imap": MAILBOX,
    "pop3": MAILBOX,
    "nntp": {
        "list_groups": check_list_groups, "list_articles": check_list_articles, "fetch_article": check_fetch_article,
        "fetch_articles": check_fetch_articles, "post_article": check_post_article,
    },
    "telnet": {"telnet_run": check_telnet_run},
    "gopher": {
        "gopher_get": check_gopher_get, "gopher_list": check_gopher_list, "gopher_search": check_gopher_search,
    },
}  # fmt: skip
NOT_OVER_DAEMONS = {
    "connect",  # what all of these are made of
    "parse_mail",  # connects to nothing
    "run_many",  # runs any of these
    "option_names",
    "call_xmlrpc", "multicall",  # xmlrpc.server and the sockets' own peers are in the contract tests
    "exchange", "listen",
}  # fmt: skip
CASES = [
    pytest.param(protocol, name, kind, id=f"{protocol}-{name}-{kind}")
    for protocol, functions in TABLE.items()
    for name in functions
    for kind in ("plain", "implicit")
]


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nettools.protocols.pop3.session.POLL", 0.2)  # POP3 watches by asking again


@pytest.mark.parametrize(("protocol", "name", "kind"), CASES)
def test_a_function_works_or_is_not_offered(
    daemon_site: Callable[..., Any], protocol: str, name: str, kind: str, tmp_path: Path, record_property: Any
) -> None:
    site = daemon_site(SERVERS[protocol], protocol, kind)
    try:
        assert TABLE[protocol][name](site, tmp_path)
        outcome = "works"
    except UnsupportedError as error:
        outcome = "not offered" if error.side == "peer" else "not in this protocol"
    record_property("server", [protocol, name, kind, outcome, site.service.server])


def test_no_function_is_left_out() -> None:
    functions = {name for name in nettools.__all__ if name.islower() and callable(getattr(nettools, name))}
    assert functions - NOT_OVER_DAEMONS == {name for row in TABLE.values() for name in row}
