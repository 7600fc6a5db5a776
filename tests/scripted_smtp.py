"""An SMTP server that misbehaves in a chosen way."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def scripted(answers: dict[str, str | None]) -> Iterator[tuple[int, list[str]]]:
    """A server that answers each command by its first word, "." being the end of a mail; None hangs up."""
    heard: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError), listening.accept()[0] as peer:
            lines = peer.makefile("rb")
            peer.sendall(b"220 here\r\n")
            in_mail = False
            for line in lines:
                said = line.decode("utf-8", "replace").strip()
                heard.append(said)
                if in_mail and said != ".":
                    continue
                word = said.split(" ")[0].upper()
                answer = answers.get(word, "250 fine")
                if answer is None:
                    return
                in_mail = answer.startswith("354")
                peer.sendall(answer.encode() + b"\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        listening.close()
        thread.join(5)
