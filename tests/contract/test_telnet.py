"""Telnet over the fake, in clear and under TLS, over telnetlib3's server, and over inetutils-telnetd."""

from __future__ import annotations

import asyncio
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nettools
from nettools import ClearTextError, DeadlineError, DisconnectedError, Secret, TooLargeError, UsageError

Site = Any

DAEMON = pytest.mark.daemon
KINDS = [
    "plain",
    "implicit",
    "telnetlib3",
    pytest.param("telnetd-plain", marks=DAEMON),
    pytest.param("telnetd-implicit", marks=DAEMON),
]
IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
LOGIN = [("login: ", "alice"), ("Password: ", Secret("secret"))]


async def shell(reader: Any, writer: Any) -> None:
    """The dialogue of the fakes, as a shell of telnetlib3's server."""

    async def ask(prompt: str) -> str:
        writer.write(prompt)
        line = str(await reader.readline())
        if not line:
            raise ConnectionResetError
        return line.strip()

    while (await ask("login: "), await ask("Password: ")) != ("alice", "secret"):
        writer.write("Login incorrect\r\n")
    writer.write("Welcome alice\r\n")
    while (line := await ask("$ ")) != "exit":
        word, _, rest = line.partition(" ")
        words = {"echo": rest, "help": "help echo exit", "": ""}
        writer.write(f"{words.get(word, f'unknown command {word}')}\r\n")
    writer.write("bye\r\n")
    writer.close()


@pytest.fixture
def telnetlib3_url() -> Iterator[str]:
    import telnetlib3

    loop = asyncio.new_event_loop()
    started: list[Any] = []

    async def serve() -> None:
        started.append(await telnetlib3.create_server("127.0.0.1", 0, shell=shell, connect_maxwait=0.2))

    loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = getattr(started[0], "_server", started[0])
    yield f"telnet://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def stop() -> None:
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, fake_site: Callable[..., Site], make_site: Any) -> Site:
    if request.param == "telnetlib3":
        return make_site(request.getfixturevalue("telnetlib3_url"), {"timeout": 20}, None, "plain")
    server, _, kind = request.param.rpartition("-")
    if server:
        return request.getfixturevalue("daemon_site")(server, "telnet", kind)
    return fake_site("telnet", kind)


def test_a_script_logs_in_and_its_steps_say_what_came(site: Site) -> None:
    script = [
        *LOGIN,
        ("$ ", "echo Hello there"),
        (re.compile(r"Hello (\w+)\r\n.*\$ ", re.DOTALL), "exit"),
        ("bye", None),
    ]
    dialogue = nettools.telnet_run(site.url, script, **site.options)
    assert len(dialogue.steps) == 5
    assert dialogue.steps[0].endswith("login: ")
    assert "Welcome alice" in dialogue.steps[2]
    assert "Hello there" in dialogue.steps[3]
    assert dialogue.text == "".join(dialogue.steps)
    assert dialogue.data.decode() == dialogue.text
    assert (dialogue.meta.tls is not None) == (site.kind == "implicit")
    assert pickle.loads(pickle.dumps(dialogue)) == dialogue


def test_a_session_reads_and_writes_as_it_likes(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as session:
        assert session.read_until("login: ").endswith("login: ")
        session.send_line("alice")
        session.read_until("Password: ")
        session.send_line(Secret("secret"))
        assert b"Welcome" in session.read_until(b"$ ")
        session.send(b"echo as octets\r\n")
        assert "as octets" in session.read_until("$ ")
        session.ping()
        assert any(b"exit" in line for line in session.command("help").lines)
        session.send("exit\n")
        assert "bye" in session.read_all()


def test_a_wrong_password_is_seen_as_an_alternative(site: Site) -> None:
    script = [("login: ", "alice"), ("Password: ", Secret("wrong")), (("$ ", "incorrect"), lambda match: match[0])]
    dialogue = nettools.telnet_run(site.url, script, **site.options)
    assert dialogue.steps[-1].endswith("incorrect")


def test_what_does_not_come_is_a_deadline_error_with_what_was_seen(site: Site) -> None:
    with pytest.raises(DeadlineError) as caught:
        nettools.telnet_run(site.url, [*LOGIN, ("no such prompt", None, 0.6)], **site.options)
    error = caught.value
    assert error.exit_code == 28
    assert "step 3 of 3: 'no such prompt' did not come" in str(error)
    assert "Welcome alice" in (error.seen or "")
    assert pickle.loads(pickle.dumps(error)).seen == error.seen


def test_the_end_before_what_is_expected_is_a_disconnected_error(site: Site) -> None:
    with pytest.raises(DisconnectedError) as caught:
        nettools.telnet_run(site.url, [*LOGIN, ("$ ", "exit"), ("never", None)], **site.options)
    assert "bye" in (caught.value.seen or "")


def test_letters_of_every_script_go_both_ways(site: Site) -> None:
    dialogue = nettools.telnet_run(site.url, [*LOGIN, ("$ ", "echo zażółć €"), ("€\r\n", None)], **site.options)
    assert "zażółć €" in dialogue.text


# --- the fake alone: what is written, and what goes wrong


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("telnet", "plain")


def test_what_is_written_is_lines_and_refusals(fake_site: Callable[..., Site]) -> None:
    site = fake_site("telnet", "plain", options=[("DO", 39), ("WILL", 5), ("DO", 39), ("DO", 1)])
    nettools.telnet_run(site.url, [("login: ", "alice"), ("Password: ", None)])
    sent = site.server.log.client_bytes()
    assert sent.startswith(bytes([IAC, WONT, 39, IAC, DONT, 5, IAC, WONT, 1]) + b"alice\r\n")
    assert site.server.answers[:3] == [("WONT", 39), ("DONT", 5), ("WONT", 1)]


def test_what_is_asked_for_is_told_and_the_environment_never(fake_site: Callable[..., Site]) -> None:
    ask = (
        bytes([IAC, SB, 24, 1, IAC, SE, IAC, SB, 39, 1, IAC, SE, IAC, SB, 42, 1]) + b";LATIN-1;utf8" + bytes([IAC, SE])
    )
    options = [("DO", 24), ("DO", 31), ("DO", 42), ("DO", 39), ("WILL", 3)]
    site = fake_site("telnet", "plain", options=options, ask=ask)
    with nettools.connect(site.url) as session:
        session.read_until("login: ")
        assert {"TTYPE", "NAWS", "CHARSET", "SGA"} <= session.capabilities
        session.send_line("alice")
        session.read_until("Password: ")
        assert "ECHO" in session.capabilities
    assert site.server.told == [(31, b"\0\x50\0\x18"), (24, b"\0dumb"), (42, b"\x02utf8")]


def test_octets_are_sent_as_they_are_and_255_is_doubled(plain: Site) -> None:
    with nettools.connect(plain.url) as session:
        session.read_until("login: ")
        session.send(b"\xff\n\r")
        session.send("a\nb\xff")
        session.send_line()
        session.read_until("Password: ")
    assert b"\xff\xff\n\ra\r\nb\xc3\xbf\r\n" in plain.server.log.client_bytes()


def test_a_secret_shows_nowhere_even_when_it_is_echoed(fake_site: Callable[..., Site]) -> None:
    site = fake_site("telnet", "plain", echo=True)
    events: list[nettools.Event] = []
    script = [*LOGIN, ("$ ", Secret("hush-hush")), ("$ ", "bad"), ("never", None, 0.3)]
    with pytest.raises(DeadlineError) as caught:
        nettools.telnet_run(site.url, script, on_event=events.append)
    dialogue = nettools.telnet_run(site.url, script[:-1], on_event=events.append)
    shown = "".join(event.text for event in events) + repr(dialogue.to_dict(include_data=True)) + repr(dialogue.data)
    shown += str(caught.value) + (caught.value.seen or "")
    assert "hush-hush" not in shown
    assert "***" in dialogue.text


def test_a_secret_does_not_go_in_clear_beyond_this_machine(plain: Site) -> None:
    port = plain.server.port
    options = {"resolve": {("far.example", port): ["127.0.0.1"]}, "timeout": 20}
    with pytest.raises(ClearTextError) as caught:
        nettools.telnet_run(f"telnet://far.example:{port}", LOGIN, **options)
    assert caught.value.exit_code == 64
    assert b"secret" not in plain.server.log.client_bytes()
    script = [*LOGIN, ("$ ", None)]
    assert nettools.telnet_run(f"telnet://far.example:{port}", script, tls="off", **options).steps


def test_a_callable_gets_the_match_and_says_what_to_send(plain: Site) -> None:
    seen: list[Any] = []

    def name(match: re.Match[str]) -> str:
        seen.append(match[1])
        return "alice"

    script = [
        (re.compile(r"(log)in: "), name),
        (b"Password: ", lambda match: None),
        (None, b"secret\r\n"),
        (b"$ ", None),
    ]
    assert nettools.telnet_run(plain.url, script).steps[2] == ""
    assert seen == ["log"]
    with pytest.raises(UsageError, match="callable"):
        nettools.telnet_run(plain.url, [("login: ", lambda match: 5)])


def test_the_earliest_alternative_counts(plain: Site) -> None:
    dialogue = nettools.telnet_run(plain.url, [(("in: ", "login: ", re.compile("never"), b"log"), None)])
    assert dialogue.text == "login: "


@pytest.mark.parametrize(
    "script",
    [
        [],
        "login",
        5,
        [("a",)],
        [("a", 5)],
        [(5, "a")],
        [("", "a")],
        [((), "a")],
        [("a", "b\r\nc")],
        [("a", Secret("b\nc"))],
        [("a", "b\0")],
        [("a", "b", 0)],
        [("a", "b", "c")],
    ],
)
def test_a_script_that_makes_no_sense_is_refused_before_anything_is_connected(plain: Site, script: Any) -> None:
    with pytest.raises(UsageError):
        nettools.telnet_run(plain.url, script)
    assert plain.server.log.connections == 0


def test_a_url_has_no_path(plain: Site) -> None:
    for path in ("/x", "/?x=1"):
        with pytest.raises(UsageError) as caught:
            nettools.telnet_run(plain.url + path, LOGIN)
        assert caught.value.exit_code == 3


def test_a_session_that_was_used_is_never_connected_anew(plain: Site) -> None:
    plain.server.on("LOGIN").drop()
    with nettools.connect(plain.url, retry=3) as session:
        session.read_until("login: ")
        session.send_line("alice")
        with pytest.raises(DisconnectedError, match="'Password: ' did not come"):
            session.read_until("Password: ")
        with pytest.raises(DisconnectedError, match="over"):
            session.send_line("alice")
    assert plain.server.log.connections == 1


def test_reading_waits_for_something(plain: Site) -> None:
    with nettools.connect(plain.url) as session:
        with pytest.raises(UsageError):
            session.read_until(None)
        with pytest.raises(DeadlineError, match="last seen: 'login: '"):
            session.read_until("x", timeout=0.3)
        with pytest.raises(DisconnectedError, match="over"):
            session.ping()


def flood(piece: bytes, times: int) -> Callable[[Any], Any]:
    async def session(conn: Any) -> None:
        for _ in range(times):
            await conn.write(piece)
        await conn.read()

    return session


def test_more_than_max_size_without_a_match_is_too_large(plain: Site) -> None:
    plain.server.session = flood(b"a" * 65536, 200)
    with pytest.raises(TooLargeError) as caught:
        nettools.telnet_run(plain.url, [("login: ", None)], max_size=1_000_000)
    assert caught.value.exit_code == 63


def test_a_storm_of_options_is_answered_once_each(plain: Site) -> None:
    piece = b"".join(bytes((IAC, verb, option)) for verb in (DO, WILL, DONT, WONT) for option in range(256))
    plain.server.session = flood(piece * 20 + b"login: ", 1)
    nettools.telnet_run(plain.url, [("login: ", None)], timeout=20)
    assert len(plain.server.log.client_bytes()) < 4000


def test_a_match_may_come_in_pieces(plain: Site) -> None:
    async def session(conn: Any) -> None:
        for octet in b"lo\xff\xf1gin\xff\xff: ":
            await conn.write(bytes([octet]))
        await conn.read()

    plain.server.session = session
    assert nettools.telnet_run(plain.url, [(b"login\xff: ", None)], timeout=20).data == b"login\xff: "
