"""Hostile servers, faults and bad input: what happens, and what a correct client must do, played on loopback.

`fixtures/threats.jsonl` tells what each case is and where it comes from; `cases/` play them; `exam` runs one in a
process of its own, with limits, and judges it; `adapter` is nettools under examination. `make threats` runs all.
"""
