"""Studio: set up sessions, share them, let clients complete them from a link."""

__version__ = "0.1.0"
