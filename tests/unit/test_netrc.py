"""What a netrc file gives, to whom, and which files are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nettools import FileError, UsageError
from nettools.files.part import Part
from nettools.netrc import netrc_lookup


@pytest.fixture
def netrc(tmp_path: Path) -> Path:
    path = tmp_path / "netrc"
    path.touch(0o600)
    return path


def found(path: Path | bool, host: str, user: str | None) -> tuple[str | None, str | None]:
    login = netrc_lookup(path, host, user)
    assert login is not None
    return login.user, login.password and login.password.reveal()


def test_netrc_is_asked_for_the_host_as_written_and_the_user_that_was_named(netrc: Path) -> None:
    netrc.write_text(
        "# mine\nmachine mail.example login me password one\nmachine mail.example login you password two\n"
        'machine other.example\n  login me\n  account x\n  password "with \\"quotes\\" and space"\n'
        "macdef init\ncd /pub\n\nmachine last.example password three\ndefault login any password any\n"
    )
    assert found(netrc, "MAIL.example", None) == ("me", "one")
    assert found(netrc, "mail.example", "you") == ("you", "two")
    assert netrc_lookup(netrc, "mail.example", "nobody") is None
    assert found(netrc, "other.example", None) == ("me", 'with "quotes" and space')
    assert found(netrc, "last.example", None) == (None, "three")
    assert netrc_lookup(netrc, "unknown.example", None) is None  # `default` would give a password to any host
    assert netrc_lookup(netrc, "a.mail.example", None) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_netrc_that_others_can_read_is_refused_with_what_to_do(netrc: Path, mode: int) -> None:
    netrc.write_text("machine h login me password word\nmachine anon login ftp\n")
    netrc.chmod(mode)
    with pytest.raises(FileError) as caught:
        netrc_lookup(netrc, "h", None)
    assert (caught.value.exit_code, caught.value.hint) == (26, f"chmod 600 {netrc}")
    assert found(netrc, "anon", None) == ("ftp", None)  # nothing secret in it


def test_a_netrc_that_was_named_has_to_be_there_and_the_usual_one_not(
    tmp_path: Path, netrc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert netrc_lookup(True, "h", None) is None
    with pytest.raises(FileError) as caught:
        netrc_lookup(tmp_path / "none", "h", None)
    assert caught.value.exit_code == 26
    with pytest.raises(FileError):
        netrc_lookup(tmp_path, "h", None)
    with pytest.raises(FileError, match="longer than 64 KiB"):
        netrc_lookup(Path("/dev/zero"), "h", None)
    netrc.write_text("machine h login me password word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert found(True, "h", None) == ("me", "word")


@pytest.mark.parametrize("text", ["login me\n", "machine h\nnonsense x\n", "hello\n"])
def test_a_malformed_netrc_is_a_usage_error_that_names_the_line(netrc: Path, text: str) -> None:
    netrc.write_text(text)
    with pytest.raises(UsageError, match=r"line \d"):
        netrc_lookup(netrc, "h", None)


def test_without_a_home_there_is_no_netrc(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setattr(Path, "expanduser", nobody)
    assert netrc_lookup(True, "h", None) is None


def test_a_pipe_is_not_waited_for_and_one_of_the_shells_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="is a pipe") as caught:
        netrc_lookup(tmp_path / "pipe", "h", None)
    assert caught.value.exit_code == 26
    reading, writing = os.pipe()
    with open(reading, "rb"), open(writing, "wb") as shell:
        shell.write(b"machine h login me password word")
        shell.close()
        assert found(Path(f"/dev/fd/{reading}"), "h", None) == ("me", "word")
    assert netrc_lookup(Path(os.devnull), "h", None) is None


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_an_error_of_ours(name: str) -> None:
    with pytest.raises(FileError, match="cannot read") as caught:
        netrc_lookup(Path(name), "h", None)
    assert caught.value.exit_code == 26


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors are counted by /proc")
def test_a_folder_in_place_of_a_file_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "x.part.json").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(FileError, match="directory"):
            netrc_lookup(tmp_path, "h", None)
        (tmp_path / "x.part").write_bytes(b"x")
        assert Part(str(tmp_path / "x"), "x").rest("http://h/").note is None
    assert len(os.listdir("/proc/self/fd")) == before
