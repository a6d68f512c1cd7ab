"""Hostile servers, faults and bad input: what happens, and what a correct client must do, played on loopback.

`cases/` play them; `catalogue` lists every one, its class and what is required, as `fixtures/threats.jsonl` has them;
`exam` runs one in a process of its own, with limits, and judges it; `adapter` is nettools under examination. `make
threats` runs all.
"""
