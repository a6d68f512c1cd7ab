"""Where the command starts: `nettools`, and `python -m nettools`.

`--version` is answered here, for scripts ask for it often, and loading the command line takes several times as long.
"""

from __future__ import annotations

import sys

from nettools._version import __version__

__all__ = ["main"]


def main() -> int:
    """The command; its exit code."""
    try:
        if sys.argv[1:] == ["--version"]:
            print(f"nettools, version {__version__}", flush=True)
            return 0
        from nettools.cli.main import main as run

        return run()
    except KeyboardInterrupt:  # before the command line could take care of it
        return 130
    except BrokenPipeError:
        sys.stdout = None  # whoever read it has gone; nothing is to be flushed at the end
        return 0


if __name__ == "__main__":
    sys.exit(main())
