"""What the client opens: thin handlers over the use cases in ``booking``."""
