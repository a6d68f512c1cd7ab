"""nettools: the Internet's classic protocols through one uniform facade."""
from nettools._version import __version__

__all__ = ["__version__"]
