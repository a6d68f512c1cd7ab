"""nettools beside its peers, in one run: whole processes on loopback and over a link with a real delay.

    python -m benchmarks                    every job on loopback; writes docs/performance.md
    python -m benchmarks --link             the jobs of round trips, over 50 ms
    python -m benchmarks http-1g --runs 3   one job, printed only

`jobs` is the table of what is measured, `contenders/` what each peer's usual call is, `servers` and `data` what they
talk to, `link` the delay, `measure` how a figure comes about, `report` how it is written down. Absolute times mean
nothing on a busy machine: what counts is the ratio to the reference in the same round.
"""
