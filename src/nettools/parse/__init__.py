"""Pure parsers: bytes in, frozen values out, a `ProtocolError` for what is no such thing.

Nothing here opens, waits, logs or knows a session: the same functions read a live server, a transcript and a fuzzer's
input. Each runs in time linear in its input.
"""
