"""FTP over the fake, in clear and under TLS with resumption required, and over pyftpdlib."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

import nettools
from nettools import (
    TLS,
    AuthError,
    ChecksumError,
    ClearTextError,
    DeniedError,
    DisconnectedError,
    IncompleteError,
    NotFoundError,
    TLSError,
    TooLargeError,
    UsageError,
)

Site = Any
BIG = bytes(range(256)) * 1500


DAEMON = pytest.mark.daemon
KINDS = [
    "plain",
    "starttls",
    "implicit",
    "minimal",
    "dos",
    "pyftpdlib",
    "pyftpdlib-tls",
    *(pytest.param(f"vsftpd-{kind}", marks=DAEMON) for kind in ("plain", "starttls", "implicit", "reuse")),
]


@pytest.fixture(params=KINDS)
def site(
    request: pytest.FixtureRequest, fake_site: Callable[..., Site], make_site: Any, tmp_path: Path
) -> Iterator[Site]:
    match request.param:
        case "pyftpdlib":
            yield from pyftpdlib_site(make_site, tmp_path / "served")
        case "pyftpdlib-tls":
            yield from pyftpdlib_site(make_site, tmp_path / "served", tls=True)
        case "minimal":
            without = {"MLSD", "MLST", "EPSV", "MDTM", "SIZE", "MFMT", "UTF8"}
            yield fake_site("ftp", "plain", without=without)
        case "dos":
            yield fake_site("ftp", "plain", without={"MLSD"}, dialect="dos")
        case "vsftpd-reuse":
            found = request.getfixturevalue("daemon_site")("vsftpd", "ftp", "starttls")
            found.url = f"ftp://localhost:{found.service.facts['reuse_port']}"
            yield found
        case kind if kind.startswith("vsftpd-"):
            yield request.getfixturevalue("daemon_site")("vsftpd", "ftp", kind.removeprefix("vsftpd-"))
        case kind:
            yield fake_site("ftp", kind, require_reuse=kind != "plain")


def pyftpdlib_site(make_site: Any, root: Path, *, tls: bool = False) -> Iterator[Site]:
    (root / "pub" / "sub").mkdir(parents=True)
    (root / "pub" / "hello.txt").write_bytes(b"Hello, world.\n")
    (root / "pub" / "sub" / "deep.txt").write_bytes(b"Further down.\n")
    (root / "pub" / "sub" / "with space.txt").write_bytes(b"A name with a space.\n")
    authorizer = DummyAuthorizer()
    authorizer.add_user("alice", "secret", str(root), perm="elradfmwMT")
    options: dict[str, Any] = {"auth": ("alice", "secret"), "tls": "off", "timeout": 20}
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer})
    if tls:
        authority = trustme.CA()
        certificate, ca = root.parent / "server.pem", root.parent / "ca.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        authority.cert_pem.write_to_path(ca)
        secured = {"certfile": str(certificate), "tls_control_required": True, "tls_data_required": True}
        handler = type("Handler", (TLS_FTPHandler,), {"authorizer": authorizer, **secured})
        options["tls"] = TLS(mode="starttls", ca=ca)
    loop = IOLoop()
    server = FTPServer(("127.0.0.1", 0), handler, ioloop=loop)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.serve_forever(timeout=0.02, blocking=False, handle_exit=False)

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"ftp://127.0.0.1:{server.address[1]}"
    yield make_site(url, options, None, "pyftpdlib")
    stop.set()
    thread.join()
    server.close_all()


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("ftp", "plain")


def test_a_file_goes_up_and_comes_down(site: Site, tmp_path: Path) -> None:
    sent = nettools.ftp_put(BIG, site.at("in/new/big.bin"), parents=True, **site.options)
    assert sent.size == len(BIG)
    done = nettools.ftp_get(site.at("in/new/big.bin"), tmp_path / "big.bin", **site.options)
    assert (tmp_path / "big.bin").read_bytes() == BIG
    assert (done.size, done.sha256) == (len(BIG), hashlib.sha256(BIG).hexdigest())
    assert nettools.ftp_get(site.at("pub/hello.txt"), **site.options).data == b"Hello, world.\n"


def test_an_upload_has_its_final_name_only_when_it_is_whole(site: Site) -> None:
    nettools.ftp_mkdir(site.at("in"), **site.options)
    nettools.ftp_put(b"new", site.at("in/x"), **site.options)
    names = [entry.name for entry in nettools.ftp_list(site.at("in/"), **site.options)]
    assert names == ["x"]
    if site.server is not None:
        commands = [line.split()[0] for line in site.server.log.commands()]
        assert commands.index("STOR") < commands.index("RNFR") < commands.index("RNTO")


def test_folders_are_listed_recursively(site: Site) -> None:
    entries = nettools.ftp_list(site.at("pub/"), recursive=True, pattern="*.txt", **site.options)
    found = {entry.path: entry.size for entry in entries}
    assert found["pub/hello.txt"] == 14
    assert found["pub/sub/with space.txt"] == 21
    assert {entry.kind for entry in nettools.ftp_list(site.at("pub"), **site.options)} == {"file", "dir"}
    assert nettools.ftp_info(site.at("pub/hello.txt"), **site.options).size == 14
    assert nettools.ftp_info(site.at("pub/sub"), **site.options).kind == "dir"


def test_files_are_renamed_and_removed(site: Site) -> None:
    nettools.ftp_mkdir(site.at("in/deep"), **site.options)
    nettools.ftp_put(b"x", site.at("in/deep/a"), **site.options)
    assert nettools.ftp_rename(site.at("in/deep/a"), "in/b ü", **site.options).path == "in/b ü"
    nettools.ftp_remove(site.at("in/b%20%C3%BC"), **site.options)
    nettools.ftp_put(b"x", site.at("in/deep/c"), **site.options)
    nettools.ftp_remove(site.at("in"), recursive=True, **site.options)
    nettools.ftp_remove(site.at("in"), missing_ok=True, recursive=True, **site.options)
    with pytest.raises(NotFoundError):
        nettools.ftp_remove(site.at("in/"), **site.options)


def test_a_mirror_down_and_up_moves_only_what_differs(site: Site, tmp_path: Path) -> None:
    local = tmp_path / "mirror"
    first = nettools.ftp_mirror(site.at("pub/"), local, **site.options)
    assert first.failed == {}
    assert (local / "sub" / "with space.txt").read_bytes() == b"A name with a space.\n"
    again = nettools.ftp_mirror(site.at("pub/"), local, **site.options)
    assert (again.transferred, len(again.skipped)) == ((), len(first.transferred))
    (local / "extra").write_text("e")
    assert nettools.ftp_mirror(site.at("pub/"), local, delete=True, **site.options).deleted == ("extra",)
    assert not (local / "extra").exists()
    up = nettools.ftp_mirror(local, site.at("copy"), workers=2, **site.options)
    assert up.failed == {}
    assert set(up.transferred) == set(first.transferred)
    nettools.ftp_remove(site.at("copy/sub"), recursive=True, **site.options)
    plan = nettools.ftp_mirror(local, site.at("copy"), dry_run=True, **site.options)
    assert set(plan.transferred) == {name for name in first.transferred if name.startswith("sub/")}


def test_what_is_not_there_is_not_found_even_as_an_empty_listing(site: Site) -> None:
    for call in (
        lambda: nettools.ftp_get(site.at("nix"), **site.options),
        lambda: nettools.ftp_list(site.at("nix/"), **site.options),
        lambda: nettools.ftp_list(site.at("nix/"), method="list", **site.options),
        lambda: nettools.ftp_info(site.at("pub/nix"), **site.options),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_a_wrong_password_is_refused(site: Site) -> None:
    with pytest.raises(AuthError) as caught:
        nettools.ftp_list(site.url, **{**site.options, "auth": ("alice", "wrong")})
    assert caught.value.exit_code == 67


def test_a_download_goes_on_where_it_was_cut(site: Site, tmp_path: Path) -> None:
    nettools.ftp_put(BIG, site.at("big.bin"), **site.options)
    path = tmp_path / "big.bin"
    Path(f"{path}.part").write_bytes(BIG[:100_000])
    done = nettools.ftp_get(site.at("big.bin"), path, resume=True, **site.options)
    assert path.read_bytes() == BIG
    assert done.resumed_from == 100_000


def test_an_upload_goes_on_where_it_was_cut(site: Site) -> None:
    nettools.ftp_put(BIG[:100_000], site.at("big.bin"), **site.options)
    assert nettools.ftp_put(BIG, site.at("big.bin"), resume=True, **site.options).resumed_from == 100_000
    assert nettools.ftp_get(site.at("big.bin"), **site.options).data == BIG


def test_a_session_enters_its_folder(site: Site) -> None:
    with nettools.connect(site.at("pub/"), **site.options) as session:
        assert session.get("hello.txt").data == b"Hello, world.\n"
        assert session.get("/pub/hello.txt").data == b"Hello, world.\n"
        assert "hello.txt" in [entry.name for entry in session.list()]
        assert b"hello.txt" in session.listing(names_only=True)
        assert session.command("NOOP").code == 200
        assert session.raw.pwd() == "/pub"
        assert session.ping() is None


def test_active_mode_works_when_it_is_asked_for(site: Site) -> None:
    assert nettools.ftp_get(site.at("pub/hello.txt"), active=True, **site.options).data == b"Hello, world.\n"


# --- the fake alone


def test_the_address_in_the_answer_to_pasv_is_not_believed(fake_site: Callable[..., Site]) -> None:
    site = fake_site("ftp", "plain", without={"EPSV"}, pasv_host="192.0.2.1")
    assert nettools.ftp_get(site.at("pub/hello.txt"), **site.options).data == b"Hello, world.\n"
    assert "PASV" in site.server.log.commands()


def test_anonymous_reads_and_does_not_write(plain: Site) -> None:
    assert nettools.ftp_get(plain.at("pub/hello.txt"), tls="off").size == 14
    assert plain.server.log.commands()[:2] == ["USER anonymous", "PASS anonymous@"]
    with pytest.raises(DeniedError) as caught:
        nettools.ftp_put(b"x", plain.at("pub/x"), tls="off")
    assert "the login was anonymous" in str(caught.value.hint)
    assert caught.value.exit_code == 9


def test_ranges_are_fetched_by_rest(plain: Site) -> None:
    url = plain.at("pub/hello.txt")
    assert nettools.ftp_get(url, range=(7, 11), **plain.options).data == b"world"
    assert nettools.ftp_get(url, range=(-2, None), **plain.options).data == b".\n"


def test_tls_that_is_required_and_refused_sends_no_password(fake_site: Callable[..., Site]) -> None:
    site = fake_site("ftp", "starttls", without={"STARTTLS"})
    with pytest.raises(TLSError) as caught:
        nettools.ftp_list(site.url.replace("ftp://", "ftpes://"), auth=("alice", "secret"), timeout=10)
    assert caught.value.exit_code == 64
    assert site.server.log.commands() == ["AUTH TLS"]


def test_a_password_does_not_go_in_clear_beyond_this_machine(net_servers: Callable[..., Any]) -> None:
    server = net_servers("ftp", tls=False)
    with pytest.raises(ClearTextError):
        nettools.ftp_list(
            f"ftp://files.example:{server.port}/",
            auth=("alice", "secret"),
            resolve={("files.example", server.port): ["127.0.0.1"]},
        )
    assert not any("PASS" in line or "USER" in line for line in server.log.commands())


def test_a_file_whose_end_is_missing_is_incomplete_and_its_part_stays(plain: Site, tmp_path: Path) -> None:
    plain.server.on("SIZE").reply("213 20")
    path = tmp_path / "hello.txt"
    path.write_bytes(b"the old file")
    with pytest.raises(IncompleteError) as caught:
        nettools.ftp_get(plain.at("pub/hello.txt"), path, **plain.options)
    assert (caught.value.received, caught.value.expected) == (14, 20)
    assert str(caught.value.hint).startswith("hello.txt.part is kept")
    assert path.read_bytes() == b"the old file"
    assert (tmp_path / "hello.txt.part").exists()


def test_control_c_leaves_the_part_and_the_old_file(plain: Site, tmp_path: Path) -> None:
    plain.server.world.files["big"] = os.urandom(3_000_000)
    path = tmp_path / "big"
    path.write_bytes(b"the old file")

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nettools.ftp_get(plain.at("big"), path, progress=interrupt, **plain.options)
    assert path.read_bytes() == b"the old file"
    assert 0 < (tmp_path / "big.part").stat().st_size < 3_000_000
    nettools.ftp_get(plain.at("big"), path, resume=True, **plain.options)
    assert path.read_bytes() == plain.server.world.files["big"]


def test_a_lost_answer_to_a_store_is_an_unknown_outcome(plain: Site) -> None:
    plain.server.on("STOR").garbage(b"150 go\r\n", close=True)
    with pytest.raises(DisconnectedError) as caught:
        nettools.ftp_put(b"x", plain.at("x"), retry=3, **plain.options)
    assert caught.value.outcome_unknown
    assert plain.server.log.connections == 1


def test_a_lost_answer_to_the_rename_is_an_unknown_outcome_and_nothing_is_stored_twice(plain: Site) -> None:
    plain.server.on("RNTO").drop()
    with pytest.raises(DisconnectedError) as caught:
        nettools.ftp_put(b"x", plain.at("x"), retry=3, **plain.options)
    assert caught.value.outcome_unknown
    assert [line.split()[0] for line in plain.server.log.commands()].count("STOR") == 1


@pytest.mark.parametrize("here", [b"01", b"0123456789abc"])
def test_what_cannot_be_a_part_of_the_file_is_not_continued(plain: Site, tmp_path: Path, here: bytes) -> None:
    plain.server.world.files["x"] = b"0123456789"  # changed now: later than what is here, or shorter than it
    (tmp_path / "x").write_bytes(here)
    os.utime(tmp_path / "x", (0, 0))
    done = nettools.ftp_get(plain.at("x"), tmp_path / "x", resume=True, **plain.options)
    assert (done.resumed_from, (tmp_path / "x").read_bytes()) == (None, b"0123456789")
    assert not any(line.startswith("REST") for line in plain.server.log.commands())


def test_too_much_is_refused_before_the_transfer_and_a_wrong_checksum_after(plain: Site, tmp_path: Path) -> None:
    with pytest.raises(TooLargeError):
        nettools.ftp_get(plain.at("pub/hello.txt"), tmp_path / "x", max_size=10, **plain.options)
    assert not any(line.startswith("RETR") for line in plain.server.log.commands())
    with pytest.raises(ChecksumError):
        nettools.ftp_get(plain.at("pub/hello.txt"), tmp_path / "x", checksum="md5:" + "0" * 32, **plain.options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "..", "a/../../evil", "evil\\..\\x"])
def test_a_mirror_never_leaves_its_folder(plain: Site, tmp_path: Path, name: str) -> None:
    facts = f"type=file;size=4;modify=20260101000000; {name}\r\n"
    world = plain.server.world

    async def lying(client: Any, arg: str) -> str:
        return str(await plain.server.send(client, facts.encode(), "lies"))

    plain.server.do_MLSD = lying
    world.files["evil"] = b"evil"
    nettools.ftp_mirror(plain.at("/"), tmp_path / "in", **plain.options)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["in"])
    assert {path.name for path in (tmp_path / "in").rglob("*")} <= {"evil"}
    assert not Path("/etc/evil").exists()


def test_no_name_becomes_a_command(plain: Site) -> None:
    for url in (plain.at("a%0d%0aDELE%20x"), plain.at("a%00b")):
        with pytest.raises(UsageError):
            nettools.ftp_get(url, **plain.options)
    with nettools.connect(plain.url, **plain.options) as session:
        with pytest.raises(UsageError):
            session.get("a\r\nDELE x")
        with pytest.raises(UsageError):
            session.rename("pub/hello.txt", "x\nDELE y")
    assert not any("DELE" in line for line in plain.server.log.commands())


def test_names_that_are_no_utf_8_go_back_as_they_came(plain: Site) -> None:
    asked: list[str] = []

    async def listing(client: Any, arg: str) -> str:
        return str(await plain.server.send(client, b"type=file;size=1; gr\xfcn\r\n", "names"))

    async def retrieve(client: Any, arg: str) -> str:
        asked.append(arg)
        return str(await plain.server.send(client, b"x", "a file"))

    plain.server.do_MLSD, plain.server.do_RETR = listing, retrieve
    with nettools.connect(plain.url, **plain.options) as session:
        (entry,) = session.list()
        assert entry.name == "grün"
        session.get(entry.path)
    assert asked[0].encode("utf-8", "surrogateescape") == b"gr\xfcn"
