"""``studio``, and ``python -m studio_cli``: a command, or a shell that asks what could be typed next."""

import os


def main() -> None:
    """Answer, and end the process."""
    if "_STUDIO_COMPLETE" in os.environ:
        from studio_cli.cli.completion import main as complete

        complete()
        return
    from studio_cli.cli.app import main as command

    command()


if __name__ == "__main__":
    main()
