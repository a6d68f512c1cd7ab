"""What stands in for /bin/login behind a Telnet server: `shell.py USER PASSWORD` asks for both, then takes commands.

Commands: help, echo WORDS, bytes (all octets from 32 to 254), iac (0xFF octets), crlf, utf8, term, size, exit.
"""

from __future__ import annotations

import os
import sys
import termios


def say(data: str | bytes) -> None:
    sys.stdout.buffer.write(data if isinstance(data, bytes) else data.encode())
    sys.stdout.buffer.flush()


def ask(prompt: str, *, echo: bool = True) -> str:
    say(prompt)
    kept = termios.tcgetattr(0)
    if not echo:
        quiet = termios.tcgetattr(0)
        quiet[3] &= ~termios.ECHO
        termios.tcsetattr(0, termios.TCSANOW, quiet)
    line = sys.stdin.buffer.readline()
    if not echo:
        termios.tcsetattr(0, termios.TCSANOW, kept)
        say("\n")
    if not line:
        sys.exit(1)
    return line.rstrip(b"\r\n").decode("utf-8", "replace")


def size() -> str:
    found = os.get_terminal_size(0)
    return f"{found.columns}x{found.lines}\n"


def main(user: str, password: str) -> None:
    for _ in range(3):
        if (ask("login: "), ask("Password: ", echo=False)) == (user, password):
            break
        say("Login incorrect\n")
    else:
        sys.exit(1)
    say(f"Welcome {user}\n")
    while True:
        word, _, rest = ask("$ ").partition(" ")
        match word:
            case "exit":
                say("bye\n")
                return
            case "help":
                say("help echo bytes iac crlf utf8 term size exit\n")
            case "echo":
                say(rest + "\n")
            case "bytes":
                say(bytes(range(32, 255)) + b"\n")
            case "iac":
                say(b"before\xff\xffafter\n")  # data: the server doubles each on the wire
            case "crlf":
                say(b"a\rb\nc\n")
            case "utf8":
                say("zażółć €\n")
            case "term":
                say(os.environ.get("TERM", "") + "\n")
            case "size":
                say(size())
            case "":
                pass
            case _:
                say(f"unknown command {word}\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
