"""A keyword of a function is an option of its verb, of the same name where it has no other."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import click
import pytest

import nettools
from nettools.cli.main import cli

VERBS: dict[str, Callable[..., Any]] = {
    "http get": nettools.fetch_page,
    "ftp get": nettools.ftp_get,
    "ftp put": nettools.ftp_put,
    "ftp list": nettools.ftp_list,
    "ftp rm": nettools.ftp_remove,
    "ftp mkdir": nettools.ftp_mkdir,
    "ftp mirror": nettools.ftp_mirror,
    "smtp send": nettools.send_mail,
    "imap list": nettools.list_mail,
    "imap search": nettools.search_mail,
    "imap fetch": nettools.fetch_mails,
    "imap watch": nettools.watch_mail,
    "imap append": nettools.append_mail,
    "imap flag": nettools.flag_mail,
    "imap mv": nettools.move_mail,
    "imap cp": nettools.copy_mail,
    "imap rm": nettools.delete_mail,
    "imap folders": nettools.list_folders,
    "pop3 list": nettools.list_mail,
    "pop3 fetch": nettools.fetch_mails,
    "pop3 rm": nettools.delete_mail,
    "nntp groups": nettools.list_groups,
    "nntp list": nettools.list_articles,
    "nntp fetch": nettools.fetch_articles,
    "nntp post": nettools.post_article,
    "gopher get": nettools.gopher_get,
    "tcp send": nettools.exchange,
    "tcp listen": nettools.listen,
}
NAMED = {  # those that have an option of another name
    "http get": {"method": "-X", "headers": "-H", "files": "-F", "json": "--json-data", "follow": "--max-redirs"},
    "ftp get": {"resume": "-C"},
    "ftp put": {"resume": "-C"},
    "nntp post": {"headers": "-H"},
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_keyword_is_an_option(verb: str) -> None:
    name, _, rest = verb.partition(" ")
    context = click.Context(cli)
    group: Any = cli.get_command(context, name)
    params = group.get_command(context, rest).get_params(context)
    options = {each for param in params for each in (*param.opts, *param.secondary_opts)}
    for keyword, parameter in inspect.signature(VERBS[verb]).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            option = NAMED.get(verb, {}).get(keyword, f"--{keyword.replace('_', '-')}")
            assert option in options, f"{verb}: {keyword}="
