"""What is measured: a job, the contender that ratios are taken against, the others, and what nettools is to reach.

Commands: `py:MODULE.FUNCTION ARGS` is a function of `contenders`; `python`, `nettools` and `http` are those of this
interpreter's environment; anything else is a program. Check: `file` (out is big.bin), `upload` (what arrived is),
`large` (out is the user's only message), `files:N` (N of the small files, each as it is on the server), `mails:N` (N
messages, in files, in an mbox or counted, and their octets where they are told), `n:N` (the contender counted N), ""
(it ended well). `sunk` is how many messages the server must have counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["CURL", "MPOP", "Goal", "Job"]

CURL = "curl -sS --fail"
MPOP = (
    "mpop -q --host={host} --port={pop3_port} --auth=user --tls=off --passwordeval='echo x' --keep=on --only-new=off"
    " --uidls-file={out}.uidls --delivery=mbox,{out}"
)

Figure = Literal["wall", "cpu", "memory", "turns"]


@dataclass(frozen=True)
class Goal:
    """The most that a contender's figure may be: a ratio to the reference, MiB, or turns."""

    figure: Figure
    most: float
    contender: str = "nettools"


@dataclass(frozen=True)
class Job:
    """One job: the same work for each contender.

    `grows` is the work of nettools' with `{n}` in the place of its size, and `sizes` are the least, a tenth of the
    whole, and the whole: the cost of one more must be the same between the first two as between the last two.
    """

    name: str
    what: str
    reference: str
    contenders: dict[str, str]
    check: str = ""
    sunk: int = 0
    goals: tuple[Goal, ...] = ()
    grows: str = ""
    sizes: tuple[int, int, int] = (1, 1, 1)
    notes: dict[str, str] = field(default_factory=dict)  # of contenders
    remark: str = ""  # what was tried, and what stands in the way, where a goal is not reached
