"""A real Postfix on loopback: a configuration, a queue and mailboxes of its own, under a temporary folder.

The machine's own Postfix is not touched, and nothing can leave the machine: the private instance has no service that
delivers to other machines.
"""

from __future__ import annotations

import contextlib
import mailbox
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.certificate import Certificate, make_certificate

LOGIN = ("ana", "geheim 1")
LARGEST = 400_000
"""Bytes of a mail that it takes."""

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
meta_directory = /etc/postfix
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.example.org
mydestination =
mynetworks = 192.0.2.0/24
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
# Mail for example.com goes to one mailbox, whatever anybody slipped in to another.
virtual_mailbox_domains = example.com, example.net
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_transport = virtual
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
default_transport = error:5.1.2 nothing leaves this machine
relay_transport = error:5.1.2 nothing leaves this machine
message_size_limit = {largest}
smtpd_client_connection_count_limit = 0
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {key}, {certificate}
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {folder}/sasl
smtpd_sasl_local_domain = example.org
"""
# Without a service named smtp nothing is ever sent to another machine.
MASTER = """
{starttls}  inet  n - n - - smtpd
{tls}  inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes
{plain}  inet  n - n - - smtpd -o smtpd_tls_security_level=none -o smtpd_sasl_auth_enable=no
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasl/users
mech_list: PLAIN LOGIN
"""


def why_not() -> str | None:
    """Return why no Postfix can be run here, if so."""
    missing = [name for name in ("postfix", "saslpasswd2") if shutil.which(name) is None]
    if missing:
        return f"NO POSTFIX: install it (apt-get install postfix sasl2-bin libsasl2-modules); missing: {', '.join(missing)}."
    return None if os.geteuid() == 0 else "NO POSTFIX: only root can run one."


@dataclass
class Postfix:
    """``with Postfix() as server: … server.received()``."""

    folder: Path
    certificate: Certificate
    starttls: int
    tls: int
    plain: int

    def received(self, count: int, box: str = "rui", seconds: float = 30) -> list[mailbox.MaildirMessage]:
        """Wait until ``count`` mails lie in a mailbox, take them out, and return them as they came in."""
        maildir, end = self.folder / "mail" / box, time.monotonic() + seconds
        while len(found := list((maildir / "new").glob("*"))) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} mails arrived.\n{self.log[-3000:]}"
            time.sleep(0.02)
        kept = mailbox.Maildir(maildir, create=False)
        mails = [kept.pop(key) for key in sorted(kept.keys())]
        return [mail for mail in mails if mail is not None]

    def files(self, count: int, box: str = "rui", seconds: float = 60) -> list[Path]:
        """Wait until ``count`` mails lie in a mailbox; return their files."""
        new, end = self.folder / "mail" / box / "new", time.monotonic() + seconds
        while len(found := sorted(new.glob("*"))) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} mails arrived.\n{self.log[-3000:]}"
            time.sleep(0.05)
        return found

    def empty(self) -> None:
        """Throw away every mail in every mailbox."""
        for file in (self.folder / "mail").glob("*/new/*"):
            file.unlink()

    @property
    def boxes(self) -> dict[str, int]:
        """How many mails lie in each mailbox that ever had one."""
        return {box.name: len(list((box / "new").glob("*"))) for box in (self.folder / "mail").iterdir()}

    @property
    def log(self) -> str:
        """What it has logged."""
        file = self.folder / "log" / "mail.log"
        return file.read_text(errors="replace") if file.exists() else ""


@contextlib.contextmanager
def running() -> Iterator[Postfix]:
    """Start a Postfix, and end it."""
    # Not below pytest's own folder, into which Postfix's user may not go. In memory where there is such a place:
    # a queue is synced to the disk for every mail.
    memory = Path("/dev/shm")
    place = str(memory) if os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="studio-postfix-", dir=place))
    try:
        with _Master(_configured(folder)) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configured(folder: Path) -> Postfix:
    folder.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    for name in ("queue", "data", "log", "mail", "sasl", "certificate"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix", "postfix")
    shutil.chown(folder / "mail", nobody.pw_uid, nobody.pw_gid)
    certificate = make_certificate(folder / "certificate")
    ports = dict(zip(("starttls", "tls", "plain"), _free_ports(3), strict=True))
    values = {
        "folder": folder,
        "uid": nobody.pw_uid,
        "gid": nobody.pw_gid,
        "largest": LARGEST,
        "key": certificate.key,
        "certificate": certificate.certificate,
    }
    (folder / "main.cf").write_text(MAIN.format(**values))
    (folder / "master.cf").write_text(
        MASTER.format(**{name: f"127.0.0.1:{port}" for name, port in ports.items()})
    )
    (folder / "mailboxes").write_text("rui@example.com rui/\n@example.net others/\n")
    (folder / "sasl" / "smtpd.conf").write_text(SASL.format(**values))
    user, password = LOGIN
    subprocess.run(
        ["saslpasswd2", "-p", "-c", "-f", folder / "sasl" / "users", "-u", "example.org", user],
        input=password.encode(),
        check=True,
    )
    shutil.chown(folder / "sasl" / "users", "postfix", "postfix")
    return Postfix(folder, certificate, **ports)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]


class _Master:
    """The one process that starts all others, and ends them."""

    def __init__(self, server: Postfix) -> None:
        self.server = server
        self.folder = server.folder

    def __enter__(self) -> Postfix:
        environ = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        started = subprocess.run(
            ["postfix", "-c", self.folder, "start"], capture_output=True, text=True, env=environ, timeout=60
        )
        assert started.returncode == 0, f"{started.stdout}{started.stderr}{self.server.log}"
        for port in (self.server.starttls, self.server.tls, self.server.plain):
            self._wait_for(port)
        return self.server

    def _wait_for(self, port: int) -> None:
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                return
            assert time.monotonic() < end, self.server.log
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        file = self.folder / "queue" / "pid" / "master.pid"
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            master = int(file.read_text())
            os.kill(master, signal.SIGTERM)  # it takes its own with it
            end = time.monotonic() + 10
            while time.monotonic() < end:
                os.kill(master, 0)
                time.sleep(0.05)
