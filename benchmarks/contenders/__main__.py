"""`python -m benchmarks.contenders MODULE.FUNCTION ARGS`: run one, and print what it counted as JSON."""

import importlib
import json
import sys

name, _, function = sys.argv[1].partition(".")
count = getattr(importlib.import_module(f"benchmarks.contenders.{name}"), function)(*sys.argv[2:])
print(json.dumps(count if isinstance(count, dict) else {"n": count}))
