"""Many calls at once, on any `concurrent.futures.Executor`: threads by default, processes, or somebody else's.

Results come in order of completion; one call that fails does not end the rest. On somebody else's executor each call
stands alone, and travels pickled if it has to (`calls`). Files that are fetched by threads of our own (`crew`) are
taken several at a time where they are small, over connections that are kept from one to the next, which HTTP then
asks for together. Knows no protocol but by what the facade knows of it.
"""

from nettools.batch.calls import run_many
from nettools.batch.files import download_many

__all__ = ["download_many", "run_many"]
