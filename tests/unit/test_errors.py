"""The tree of errors: builtins, pickles, exit codes, JSON."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from nettools import errors
from nettools.results import Headers, Page, Reply

PAGE = Page("http://h/", 404, "Not Found", Headers(), b"gone")
CLASSES = [getattr(errors, name) for name in errors.__all__ if name != "NettoolsError"]


def make(cls: type[errors.NettoolsError]) -> errors.NettoolsError:
    more = {"page": PAGE} if issubclass(cls, errors.HTTPStatusError) else {}
    return cls(
        "it broke", url="ftp://h/", protocol="ftp", stage="login", reply=Reply(550, "no"), hint="mend it", **more
    )


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_survives_pickling_and_copying(cls: type[errors.NettoolsError]) -> None:
    error = make(cls)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is cls
        assert twin.__dict__ == error.__dict__
        assert str(twin) == "it broke"


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.UsageError, ValueError),
        (errors.UnknownOptionError, TypeError),
        (errors.MissingExtraError, ImportError),
        (errors.ConnectError, ConnectionError),
        (errors.DisconnectedError, ConnectionError),
        (errors.DeadlineError, TimeoutError),
        (errors.FileError, OSError),
        (errors.CertificateError, errors.TLSError),
        (errors.ProxyError, errors.ConnectError),
        (errors.ReplyTooLongError, errors.ProtocolError),
    ],
)
def test_an_error_is_also_the_builtin_that_it_is_a_kind_of(cls: type, builtin: type) -> None:
    assert issubclass(cls, builtin)


def test_a_file_error_keeps_errno_and_file_name_through_pickling() -> None:
    twin = pickle.loads(pickle.dumps(errors.FileError("no room", errno=28, filename="/tmp/x")))
    assert (twin.errno, twin.filename, twin.exit_code) == (28, "/tmp/x", 23)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, errors.AuthError), (403, errors.DeniedError), (404, errors.NotFoundError), (410, errors.NotFoundError)],
)
def test_an_http_status_is_also_the_error_that_other_protocols_raise(status: int, kind: type) -> None:
    error = errors.HTTPStatusError.of(status)("no", page=PAGE, code=status)
    assert isinstance(error, kind)
    assert isinstance(error, errors.HTTPStatusError)
    assert error.exit_code == 22


def test_a_temporary_reply_and_an_idle_timeout_may_be_retried_and_a_total_one_not() -> None:
    assert errors.ReplyError(code=451, temporary=True).retryable
    assert not errors.ReplyError(code=550).retryable
    assert errors.DeadlineError("slow", kind="idle").retryable
    assert not errors.DeadlineError("slow", kind="total").retryable


def test_the_json_of_an_error_has_the_documented_keys() -> None:
    assert make(errors.AuthError).to_dict() == {
        "error": "AuthError",
        "message": "it broke",
        "stage": "login",
        "reply": "550 no",
        "hint": "mend it",
        "exit_code": 67,
        "url": "ftp://h/",
    }


def test_a_traceback_shows_the_hint_once_and_in_its_newest_form() -> None:
    error = errors.ConnectError("cannot connect")
    error.add_note("the third host of five")
    error.hint = "check the port"
    error.hint = "check the host"
    shown = "".join(traceback.format_exception_only(pickle.loads(pickle.dumps(error))))
    assert shown.splitlines()[1:] == ["hint: check the host", "the third host of five"]
    error.hint = None
    assert error.__notes__ == ["the third host of five"]


def test_an_error_without_a_hint_has_no_note() -> None:
    assert "hint" not in "".join(traceback.format_exception_only(errors.ConnectError("cannot connect")))
