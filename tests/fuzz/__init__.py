"""Fuzzing: what no server should send, for every parser and every session, and what no client should, for every server.

`strategies` spoils real input; `parsers`, `sessions`, `listeners` and `fakes` are the targets, a table each; `player`
is the scripted server that sessions talk to; `watch` gives each example its bounds and keeps what went wrong. A target
passes when every input gives a value or a NettoolsError, in bounded time and memory. `test_fuzz` runs a few examples
of each with the other tests, and what was ever found (fixtures/fuzz); `python -m fuzz SECONDS [TARGET...]` runs each
for so long, and `python -m fuzz` names them.
"""
