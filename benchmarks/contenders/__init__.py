"""What each contender does, by its documented, usual call: a module a protocol; `ours` is nettools, `parsing` parsers.

Run as `python -m benchmarks.contenders MODULE.FUNCTION ARGS`, each in a process of its own. Imports are inside the
functions, so that a contender pays only for what it needs. A function returns how many items it has dealt with.
"""
