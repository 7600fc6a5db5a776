"""What the studio does: use cases, one file per noun. No terminal, no HTTP, no SQL."""
