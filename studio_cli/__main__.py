"""``python -m studio_cli`` is ``studio``."""

from studio_cli.cli.app import main

if __name__ == "__main__":
    main()
