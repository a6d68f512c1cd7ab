"""The parsers against cases from many servers and programs: fixtures/parsers, each with its source."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from typing import Any

import pytest

from corpora import cases, malformed, plain, raw, same
from nettools.errors import NettoolsError
from nettools.parse import ftp_reply, gopher, imap_data, message, nntp
from nettools.parse.ftp_listing import parse_listing
from nettools.parse.telnet import Codec

TODAY = dt.date(2026, 11, 24)


# --- FTP


def same_date(want: str, got: dt.datetime | None) -> bool:
    if got is None:
        return False
    day, _, clock = want.partition("T")
    year, month, date = day.split("-")
    right = (int(month), int(date)) == (got.month, got.day) and (
        not clock or got.strftime("%H:%M:%S").startswith(clock)
    )
    if year == "????":
        return right and TODAY - dt.timedelta(days=370) <= got.date() <= TODAY + dt.timedelta(days=2)
    return right and int(year) == got.year


@pytest.mark.parametrize("case", cases("ftp_list"))
def test_a_line_of_an_ftp_listing_is_read_as_its_server_meant_it(case: dict[str, Any]) -> None:
    entries = parse_listing(raw(case), mlsd=case["family"] == "mlsd", today=TODAY)
    expected = case["expected"]
    if expected.get("reject"):
        assert not entries or entries[0].modified is None
        return
    (entry,) = entries
    assert same(expected["name"], entry.name)
    if "type" in expected and expected["type"] != "other":
        assert entry.kind == {"cdir": "dir", "pdir": "dir"}.get(expected["type"], expected["type"])
    if "size" in expected:
        assert same(expected["size"], entry.size)
    if "date" in expected:
        assert same_date(expected["date"], entry.modified)
    if "target" in expected and expected.get("type") == "link":
        assert same(expected["target"], entry.target)


def reply_values(case: dict[str, Any]) -> dict[str, Any]:
    data = raw(case)
    match case["kind"]:
        case "pwd":
            return {"path": ftp_reply.parse_pwd(data)}
        case "pasv":
            host, port = ftp_reply.parse_pasv(data)
            return {"host": host, "port": port}
        case "epsv":
            return {"port": ftp_reply.parse_epsv(data)}
        case "mdtm":
            moment = ftp_reply.parse_mdtm(data).strftime("%Y-%m-%dT%H:%M:%S")
            return {"date": moment, "time": moment}
        case "size":
            return {"size": ftp_reply.parse_size(data)}
        case "feat":
            return {"features": ftp_reply.parse_feat(data), "feat": ftp_reply.parse_feat(data)}
    reply = ftp_reply.parse_reply(data)
    return {"code": reply.code, "lines": len(reply.lines), "text": reply.text}


@pytest.mark.parametrize("case", cases("ftp_replies"))
def test_an_ftp_reply_gives_up_its_value(case: dict[str, Any]) -> None:
    if malformed(case):
        with pytest.raises(NettoolsError):
            reply_values(case)
        return
    assert same(case["expected"], reply_values(case))


# --- IMAP


def people(addresses: Any) -> list[dict[str, Any]]:
    return [{"name": plain(each.name), "mailbox": plain(each.mailbox), "host": plain(each.host)} for each in addresses]


def fetched(row: imap_data.FetchData) -> dict[str, Any]:
    found: dict[str, Any] = {"seq": row.seq, "uid": row.uid, "size": row.size, "modseq": row.modseq}
    found["flags"] = None if row.flags is None else list(row.flags)
    found["internaldate"] = row.internaldate and row.internaldate.isoformat()
    found["sections"] = {name: plain(value) for name, value in row.sections.items()}
    envelope = row.envelope
    if envelope is not None:
        names = ("sender", "reply_to", "to", "cc", "bcc")
        found["envelope"] = {
            "date": plain(envelope.date),
            "subject": plain(envelope.subject),
            "from": people(envelope.from_),
            **{name: people(getattr(envelope, name)) for name in names},
            "in_reply_to": plain(envelope.in_reply_to),
            "message_id": plain(envelope.message_id),
        }
    names = ("section", "type", "id", "description", "encoding", "size", "lines", "disposition", "filename")
    if row.parts is not None:
        found["parts"] = [
            {
                **{name: getattr(part, name) for name in names},
                "params": dict(part.params),
                "envelope_subject": plain(part.envelope.subject) if part.envelope else None,
            }
            for part in row.parts
        ]
    return found


def response_line(data: bytes) -> dict[str, Any]:
    response = imap_data.parse_response(data)
    code = response.code
    value = [code[0], plain(code[1])] if isinstance(code, tuple) else code
    found = {"status": response.status and response.status.lower(), "code": value, "text": response.text}
    if response.kind == "continuation":
        found["continuation"] = True
    elif response.kind == "vanished":
        found["vanished"], found["earlier"] = list(response.data[0]), response.data[1]
    elif response.kind != "status":
        found[response.kind] = plain(response.data)
    return found


def imap_values(case: dict[str, Any]) -> dict[str, Any]:
    data = raw(case)
    match case["kind"]:
        case "tokens":
            return {"tokens": plain(imap_data.parse_tokens(data))}
        case "utf7_decode":
            return {"text": imap_data.decode_folder(data)}
        case "utf7_encode":
            return {"wire": imap_data.encode_folder(case["input"]).decode()}
        case "list":
            folder = imap_data.parse_list(data)
            return {"flags": list(folder.flags), "delimiter": folder.delimiter, "name": folder.name}
        case "status":
            name, counts = imap_data.parse_status(data)
            return {"name": name, "attrs": counts}
        case "search" | "sort":
            ids, modseq = imap_data.parse_search(data) if case["kind"] == "search" else imap_data.parse_sort(data)
            return {"ids": list(ids), "modseq": modseq}
        case "esearch":
            return imap_data.parse_esearch(data)
        case "thread":
            return {"threads": plain(imap_data.parse_thread(data))}
        case "quota":
            root, resources = imap_data.parse_quota(data)
            return {"root": root, "resources": {name: list(value) for name, value in resources.items()}}
        case "quotaroot":
            mailbox, roots = imap_data.parse_quotaroot(data)
            return {"mailbox": mailbox, "roots": list(roots)}
        case "line":
            return response_line(data)
    rows = imap_data.parse_fetch(data)
    if case["kind"] == "address_list":
        envelope = rows[0].envelope
        assert envelope is not None
        shown = []
        for each in imap_data.decode_addresses(envelope.to):
            if isinstance(each, imap_data.AddressGroup):
                members = [
                    {"name": one.name or None, "mailbox": one.mailbox, "host": one.host} for one in each.addresses
                ]
                shown.append({"group": each.name, "members": members})
            else:
                shown.append({"name": each.name or None, "mailbox": each.mailbox, "host": each.host})
        return {"to": shown}
    return {"many": [fetched(row) for row in rows]} if "many" in case["expected"] else fetched(rows[0])


@pytest.mark.parametrize("case", cases("imap"))
def test_what_an_imap_server_says_is_understood(case: dict[str, Any]) -> None:
    if malformed(case):
        if case["expected"].get("invalid"):
            assert imap_values(case)["text"]  # a name that cannot be decoded is kept
            return
        with pytest.raises(NettoolsError):
            imap_values(case)
        return
    expected = case["expected"]
    got = imap_values(case)
    assert any(same(each, got) for each in expected["any_of"]) if "any_of" in expected else same(expected, got)


# --- headers

ARGUED = {
    "blarg; baz; boo": "a value that is no type is kept for the caller to judge; parse_mail takes text/plain for it",
    "ab./k": "the value is kept as it was sent",
}


def header_values(case: dict[str, Any]) -> dict[str, Any]:
    data = raw(case)
    match case["kind"]:
        case "unstructured":
            return {"text": message.decode_header(data)}
        case "address":
            return {"addresses": [{"name": a.name, "address": a.address} for a in message.parse_addresses(data)]}
        case "params":
            value, parameters = message.parse_parameters(data)
            return {"value": value, "params": parameters}
    headers = message.parse_headers(data)
    return {"headers": {name.lower(): list(headers.get_all(name)) for name in headers}}


@pytest.mark.parametrize("case", cases("headers"))
def test_a_header_is_read_as_people_wrote_it(case: dict[str, Any]) -> None:
    if malformed(case) or case.get("class") == "heuristic":
        with contextlib.suppress(NettoolsError):  # a value, or our error: anything else fails the test
            message.parse_date(raw(case)) if case["kind"] == "date" else header_values(case)
        return
    if case["input"] in ARGUED:
        return
    if case["kind"] == "date":
        expected = case["expected"]["date"]
        wanted = expected["any"] if isinstance(expected, dict) else [expected]
        moments = [dt.datetime.fromisoformat(each) for each in wanted]
        got = message.parse_date(raw(case))
        assert got in [each if each.tzinfo else each.replace(tzinfo=dt.UTC) for each in moments]
        return
    assert same(case["expected"], header_values(case))


@pytest.mark.parametrize("case", cases("messages"))
def test_a_whole_message_has_the_fields_that_two_other_parsers_agree_on(case: dict[str, Any]) -> None:
    mail = message.parse_mail(raw(case))
    expected, info = case["expected"], mail.info
    got = {
        "subject": info.subject,
        "to": [each.address for each in info.to],
        "cc": [each.address for each in info.cc],
        "message_id": info.message_id,
    }
    assert {key: value for key, value in got.items() if key in expected} == {
        key: value for key, value in expected.items() if key in got
    }
    if expected.get("date") is not None:
        assert info.date == dt.datetime.fromisoformat(expected["date"])
    if "text" in expected:
        assert (mail.text or "").strip() == expected["text"].strip()
    if "attachments" in expected:
        named = [[each.name, each.content_type] for each in mail.attachments if each.name is not None]
        assert named == [each for each in expected["attachments"] if each[0] is not None]
    assert mail.raw == raw(case)


# --- Gopher


def gopher_item(item: Any) -> dict[str, Any]:
    fields = {"type": item.kind, "text": item.title, "selector": item.selector, "host": item.host, "port": item.port}
    return {**fields, "url": item.url, "link": item.url}


def gopher_values(case: dict[str, Any]) -> dict[str, Any]:
    data = raw(case)
    match case["kind"]:
        case "url":
            return dataclasses.asdict(gopher.parse_url(case["input"]))
        case "menu":
            items = gopher.parse_menu(data)
            return {"items": [gopher_item(each) for each in (items[-1:] if case.get("only") else items)]}
        case "text":
            return {"text": gopher.decode_body(data, "0").decode()}
    return {"bytes": gopher.decode_body(data, case.get("type", "9")).decode("latin-1")}


@pytest.mark.parametrize("case", cases("gopher"))
def test_gopher_is_read_as_servers_send_it(case: dict[str, Any]) -> None:
    if malformed(case):
        with pytest.raises(NettoolsError):
            gopher_values(case)
        return
    assert same(case["expected"], gopher_values(case))


# --- NNTP


def news_values(case: dict[str, Any]) -> dict[str, Any]:
    data = raw(case)
    match case["kind"]:
        case "overview_fmt":
            return {"fields": nntp.parse_overview_fmt(data)}
        case "over":
            rows = nntp.parse_overview(data, case["format"])
            return {"articles": [{key: plain(value) for key, value in row.items()} for row in rows]}
        case "list":
            return {"groups": [(each.name, each.last, each.first, each.posting) for each in nntp.parse_active(data)]}
        case "newsgroups":
            return {"descriptions": nntp.parse_newsgroups(data)}
        case "group":
            group = nntp.parse_group(data)
            return {"count": group.count, "first": group.first, "last": group.last, "name": group.name}
        case "article":
            number, message_id, octets = nntp.parse_article(data)
            return {"number": number, "message_id": message_id, "octets": octets.decode("latin-1")}
        case "date":
            return {"date": nntp.parse_date(data).isoformat()}
    return {"capabilities": {name: list(words) for name, words in nntp.parse_capabilities(data).items()}}


@pytest.mark.parametrize("case", cases("nntp"))
def test_news_servers_are_read_as_they_mean_it(case: dict[str, Any]) -> None:
    if malformed(case):
        with pytest.raises(NettoolsError):
            news_values(case)
        return
    assert same(case["expected"], news_values(case))


# --- Telnet


@pytest.mark.parametrize("case", cases("telnet"))
@pytest.mark.parametrize("size", [1, 100_000])
def test_a_telnet_stream_is_read_and_written_whole_or_octet_by_octet(case: dict[str, Any], size: int) -> None:
    octets, expected, codec = raw(case), case["expected"], Codec()
    pieces = [octets[place : place + size] for place in range(0, len(octets), size)]
    if case["kind"] == "send":
        assert b"".join(map(codec.send, pieces)) == expected["wire"].encode("latin-1")
        return
    data, reply = (b"".join(each) for each in zip(*map(codec.receive, pieces), strict=True)) if pieces else (b"", b"")
    assert {"data": data.decode("latin-1"), "reply": reply.decode("latin-1")} == expected
