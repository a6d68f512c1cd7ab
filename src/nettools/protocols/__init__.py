"""One file (or folder) a protocol: only what is particular to it. Protocols do not import one another."""
