"""What the owner types: one file per noun, each command a list of options and one use case."""
