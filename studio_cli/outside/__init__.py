"""What we talk to: each behind a small interface, handed to the use cases as an argument."""
