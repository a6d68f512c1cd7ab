"""The one place where the version stands; pyproject.toml and `nettools --version` read it here."""

__version__ = "0.1.0"
