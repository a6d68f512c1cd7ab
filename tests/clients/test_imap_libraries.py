"""The IMAP fake used by libraries that nobody here wrote: imaplib, IMAPClient, imap-tools."""

from __future__ import annotations

import imaplib
import zlib
from collections.abc import Iterator

import pytest

from nettools.testing.imap import IMAPServer

RAW = (
    b"From: Bob <bob@x.org>\r\nTo: alice@x.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= %d\r\n"
    b"Date: Tue, 24 Nov 2026 10:0%d:00 +0000\r\nMessage-ID: <%d@x.org>\r\n\r\nbody %d\r\n"
)
MIXED = (
    b"Subject: mixed\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    b"--b\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Disposition: attachment; filename=a.bin\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--b--\r\n"
)


@pytest.fixture
def server() -> Iterator[IMAPServer]:
    with IMAPServer() as running:
        for n in range(3):
            running.world.inbox("alice").append(RAW % (n, n, n, n))
        yield running


def test_imaplib_uses_what_the_standard_has(server: IMAPServer) -> None:
    with imaplib.IMAP4(server.host, server.port) as client:
        client.login("alice", "secret")
        assert client.select() == ("OK", [b"3"])
        assert client.sort("REVERSE DATE", "UTF-8", "ALL")[1] == [b"3 2 1"]
        assert client.thread("REFERENCES", "UTF-8", "ALL")[1] == [b"(1)(2)(3)"]
        assert client.getquotaroot("INBOX")[0] == "OK"
        assert client.copy("1", "Archive")[0] == "OK"
        assert client.store("1", "+FLAGS", "\\Deleted")[0] == "OK"
        assert client.expunge()[1] == [b"1"]
        assert client.append("Sent", "\\Seen", None, MIXED)[0] == "OK"
    assert len(server.world.folder("alice", "Sent")) == 1


def test_imapclient_sorts_threads_waits_and_moves(server: IMAPServer) -> None:
    imapclient = pytest.importorskip("imapclient")
    with imapclient.IMAPClient(server.host, server.port, ssl=False) as client:
        client.login("alice", "secret")
        status = client.select_folder("INBOX")
        assert status[b"HIGHESTMODSEQ"] >= 1
        assert client.sort("SUBJECT") == [1, 2, 3]
        assert client.thread() == ((1,), (2,), (3,))
        assert client.search(["SUBJECT", "grüße 1"], "UTF-8") == [2]
        client.add_flags([1], [b"\\Flagged"])
        changed = client.fetch([1, 2, 3], ["FLAGS"], modifiers=[f"CHANGEDSINCE {status[b'HIGHESTMODSEQ']}"])
        assert list(changed) == [1]
        envelope = client.fetch([2], ["ENVELOPE", "BODYSTRUCTURE"])[2][b"ENVELOPE"]
        assert envelope.from_[0].mailbox == b"bob"
        client.idle()
        server.world.deliver("alice@x.org", MIXED)
        assert (4, b"EXISTS") in client.idle_check(timeout=5)
        client.idle_done()
        assert client.fetch([4], ["BINARY.PEEK[1]"])[4][b"BINARY[1]"] == b"hello"
        client.move([3], "Archive")
        assert client.get_quota_root("INBOX")[0].quota_roots == ["user"]
        assert client.folder_status("INBOX", ["MESSAGES", "SIZE", "HIGHESTMODSEQ"])[b"MESSAGES"] == 3


def test_imap_tools_reads_attachments_and_changes_flags(server: IMAPServer) -> None:
    imap_tools = pytest.importorskip("imap_tools")
    server.world.deliver("alice@x.org", MIXED)
    with imap_tools.MailBoxUnencrypted(server.host, server.port).login("alice", "secret") as box:
        subjects = [message.subject for message in box.fetch(reverse=True, bulk=True)]
        assert subjects == ["mixed", "Grüße 2", "Grüße 1", "Grüße 0"]
        (mixed,) = box.fetch(imap_tools.AND(subject="mixed"))
        assert mixed.attachments[0].payload == b"\0\1\2\3"
        box.flag(["1", "2"], "\\Flagged", True)
        box.folder.create("Neu/Prüfung")
        box.move("1", "Neu/Prüfung")
        assert box.folder.exists("Neu/Prüfung")
        assert [each.name for each in box.folder.list() if "\\Sent" in each.flags] == ["Sent"]
    assert [message.uid for message in server.world.inbox("alice")] == [2, 3, 4]


def test_a_compressed_conversation_goes_on(server: IMAPServer) -> None:
    with imaplib.IMAP4(server.host, server.port) as client:
        client.login("alice", "secret")
        tag = client._new_tag()  # type: ignore[attr-defined]
        client.send(tag + b" COMPRESS DEFLATE\r\n")
        assert client.readline().startswith(tag + b" OK")
        outward, inward = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)
        client.sock.sendall(outward.compress(b"x NOOP\r\n") + outward.flush(zlib.Z_SYNC_FLUSH))
        assert inward.decompress(client.sock.recv(4096)) == b"x OK NOOP completed\r\n"
        client.shutdown()
        client.state = "LOGOUT"
