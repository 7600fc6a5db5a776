"""What things are: frozen dataclasses and pure rules. No I/O at all."""
