"""Whatever goes wrong, and in every mode: no mail arrives twice, and what is said to be accepted has arrived."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import nettools
from nettools.testing.smtp import SMTPServer

MODES = [{"CHUNKING"}, {"PIPELINING", "CHUNKING"}, set[str]()]
FAULTS = st.tuples(
    st.sampled_from(["EHLO", "MAIL", "RCPT", "DATA", "BDAT", ".", "RSET", "QUIT"]),
    st.sampled_from(
        ["drop", "close", "451 4.3.0 later", "550 5.7.1 no", "421 4.3.2 bye", "503 5.5.1 order", "nonsense"]
    ),
    st.integers(0, 4),
)


def spoil(server: SMTPServer, verb: str, what: str, after: int) -> None:
    rule = server.on(verb)
    rule.optional = True
    if what == "drop":
        rule.drop(after=after, times=1)
    elif what in ("close", "nonsense"):
        rule.garbage(b"" if what == "close" else b"what?\r\n", after=after, times=1, close=True)
    elif what == "cut":
        rule.truncate(2, after=after, times=1)  # done, but the answer is lost
    else:
        rule.reply(what, after=after, times=1, close=what.startswith("421"))


@settings(max_examples=60, deadline=None)
@given(
    faults=st.lists(FAULTS, max_size=3),
    mode=st.sampled_from(MODES),
    attempts=st.integers(1, 3),
    count=st.integers(1, 6),
    batch=st.booleans(),
)
def test_no_mail_arrives_twice_and_none_that_was_accepted_is_missing(
    faults: list[tuple[str, str, int]], mode: set[str], attempts: int, count: int, batch: bool
) -> None:
    mails: list[dict[str, Any]] = [
        {"sender": "b@x.org", "to": ["alice@x.org", "nobody@x.org"], "text": str(n)} for n in range(count)
    ]
    retry = nettools.Retry(attempts=attempts, backoff=0)
    reports: list[nettools.SendReport] = []
    in_doubt = False
    with SMTPServer(without=mode) as server:
        for fault in faults:
            spoil(server, *fault)
        try:
            if batch:
                reports = list(nettools.send_mails(server.url, mails, retry=retry, timeout=10))
            else:
                with nettools.connect(server.url, retry=retry, timeout=10) as session:
                    reports += [session.send(**mail) for mail in mails]
        except nettools.NettoolsError as error:
            reports += error.reports
            in_doubt = error.outcome_unknown
        arrived = [nettools.parse_mail(each.raw).text.strip() for each in server.envelopes]
    assert len(set(arrived)) == len(arrived)
    if batch or len(reports) == count:
        assert {str(n) for n, each in enumerate(reports) if each.accepted} <= set(arrived)
        assert in_doubt or set(arrived) == {str(n) for n, each in enumerate(reports) if each.accepted}
        refused = {str(n) for n, each in enumerate(reports) if not each.accepted}
        assert not refused & set(arrived)
