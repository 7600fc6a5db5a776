"""A studio with something of everything, in which every example of the help and of docs/recipes.md runs.

Session 12 is the one of the examples: pending, shared, with a deposit paid; in the studio ``asked`` it is a request
with wishes. Rui, the types ``family`` and ``santa-minis``, message 9 and receipt 7 are there too. When an example needs
something else, add it to ``STORY``, or to ``MADE`` a studio of its own, and say in ``STUDIOS`` that it runs there.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from studio_cli.booking import cancellation
from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import open_studio
from studio_cli.model.wish import Wish
from studio_cli.web.visitor import walk
from tests.calendars import DENTIST, calendar, publishing
from tests.command_tree import words_of
from tests.conftest import NOW, Clock, Result, serving
from tests.fake_stripe import TEST_KEY, FakeStripe
from tests.radicale_server import radicale
from tests.smtp_server import MailServer
from tests.web.visitor import change

SAMPLES = Path(__file__).parent.parent / "templates" / "sample"
INIT = (
    'studio init --name "Ana Silva Photography" --email ana@example.com --timezone America/Toronto '
    "--currency CAD --test"
)
STORY = """
studio config set studio.phone "+1 416 555 0111"
studio config set payment.instructions "Transfer to DE02 1203 0000 0000 2020 51"
studio config set site.embed https://www.example.com
studio config set site.words "Pictures of people"
studio availability set mon-fri 09:00-12:00 13:00-17:00
studio availability set sat 10:00-16:00
studio availability override 2026-12-24 09:00-12:00
studio availability block 2026-12-28 2027-01-02 --reason Holidays
studio availability block 2026-12-25 --yearly
studio availability block "2026-12-11 13:00" "2026-12-11 15:00"
studio form add family --file family.toml
studio contract add wedding --file wedding.md
studio type add "Family session" --slug family --duration 90m --price 250 --deposit 50 --form family --contract wedding --hold 20d --tax "HST 13%" --discount 10% --discount-reason Spring --tips --refunds "100% until 14d, 50% until 7d" --balance-due "7d before" --move-until 48h --cancel-until 48h --publish
studio type add "Portrait" --duration 1h --price 160
studio type add "Consultation" --duration 30m --price 0
studio availability set wed 10:00-16:00 --type consultation
studio type add "Santa minis" --price 90 --mini --on 2026-12-12 --from 10:00 --to 16:00 --every 20m
studio type add "Old offer" --duration 1h --price 10
studio type archive old-offer
studio client add "Rui Costa" --email rui@example.com --phone "+1 416 555 0100" --notes "Prefers mornings" --language pt
studio client add "Mei-Ling Chen" --email mei@example.com
studio client add "Amara Okafor"
studio block add spam@example.com
studio session new --type family --client rui --at "2026-11-24 09:00"
studio session new --type portrait --client mei --at "2026-11-24 15:00" --share email
studio session new --type portrait --client mei --at "2026-11-25 15:00" --share email
studio session new --type portrait --client mei --at "2026-11-26 15:00" --share email
studio session new --type portrait --client mei --at "2026-12-07 15:00" --share email
studio session new --type portrait --client rui --at "2026-12-08 15:00" --share email
studio session new --type portrait --client rui --at "2026-12-09 15:00" --share email
studio session new --type portrait --client rui --at "2026-12-10 15:00" --share email
studio session new --one-off "Team headshots" --duration 2h --price 400 --client mei --at "2026-12-13 19:30" --custom --share email
studio session new --type portrait --client amara --at "2026-12-14 15:00"
studio payment record 2 160 --method cash
studio payment record 3 160 --method transfer --note "at last"
studio payment record 4 200 --method transfer
studio payment record 5 40
studio payment record 6 40
studio payment record 7 40
studio session confirm 2
studio session cancel 7 --yes
studio payment record 7 10
studio payment refund 6 10 --yes
studio session confirm 8
studio session new --one-off "Past" --duration 1h --price 80 --client amara --at "2026-12-15 15:00"
"""
MADE = {
    "none": ("", ""),
    "bare": ("none", INIT),
    "begun": ("bare", STORY),
    "full": (
        "begun",
        """
studio session new --type family --client rui --at "2026-12-02 10:00" --notes "Brings the dog"
studio session share 12 --link
studio session share 12 --email
studio payment record 12 50
""",
    ),
    "asked": (
        "begun",
        """
studio session new --type portrait --client rui --at "2026-12-02 10:00" --inquiry
studio session share 12 --link
""",
    ),
    "confirmed": ("full", "studio session confirm 12"),
    "owed": ("full", ""),
    "crowded": (
        "full",
        """
studio type edit santa-minis --per-day 1
studio type publish santa-minis
studio session new --type santa-minis --client mei --at "2026-12-12 10:00"
""",
    ),
    "waited": ("crowded", "studio waiting add --type santa --client rui --on 2026-12-12"),
    "reworded": ("full", "studio template edit share --file share.md"),
    "fed": ("full", "studio calendar feed"),
    "backed-up": ("full", "studio backup\nstudio backup ~/Documents/studio.zip"),
    "subscribed": ("full", "studio calendar subscribe https://example.com/private.ics --name Private"),
    "connected": (
        "full",
        "studio calendar connect https://cal.example.com/ --user ana --calendar Work --name Work",
    ),
}
"""The studios: from which one each is made, and by what."""
STUDIOS = {
    "init": "none",
    "type add": "bare",
    "client add": "bare",
    "form add": "bare",
    "contract add": "bare",
    "session accept": "asked",
    "session decline": "asked",
    "session propose": "asked",
    "session reopen": "confirmed",
    "payment keep": "owed",
    "waiting list": "waited",
    "waiting add": "crowded",
    "waiting remove": "waited",
    "template check": "reworded",
    "template diff": "reworded",
    "template reset": "reworded",
    "calendar feed --revoke": "fed",
    "restore": "backed-up",
    "--db copy.db restore": "backed-up",
    "calendar list": "subscribed",
    "calendar show": "subscribed",
    "calendar sync": "subscribed",
    "calendar unsubscribe": "subscribed",
    "calendar disconnect": "connected",
}
"""In which studio the examples that begin so run; the others in ``full``."""
TYPED = {
    "config secret stripe.key": TEST_KEY,
    "config secret": "correct horse",
    "calendar connect": "correct horse",
}
"""What is written into stdin of the examples that begin so, off a terminal."""
ON_TERMINAL = {"template reset share": "y", "restore last": "y", "--db copy.db restore": "y"}
"""Examples that are for a terminal alone, and what is answered there."""
DOCUMENTS = {"template", "form", "contract"}
"""What is edited in an editor, on a terminal; here it adds a line."""


def starting_with(table: dict[str, str], line: str, otherwise: str = "") -> str:
    """Return what a table says of the longest beginning of a line that it knows."""
    known = [start for start in table if f"{line} ".startswith(f"{start} ")]
    return table[max(known, key=len)] if known else otherwise


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Servers:
    """Loopback servers in place of the internet's, and the studios that were furnished so far, in a folder each."""

    folder: Path
    mail: MailServer
    stripe: FakeStripe
    addresses: dict[str, str]
    made: dict[str, Path] = field(default_factory=dict)
    used: int = 0


@dataclass
class Machine:
    """A machine with a furnished studio for every example."""

    servers: Servers
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __post_init__(self) -> None:
        self.monkeypatch.setenv("STUDIO_STRIPE_API_BASE", self.servers.stripe.base)
        self.monkeypatch.setenv("STUDIO_STRIPE_KEY", TEST_KEY)

    def fresh(self, studio: str) -> None:
        """Stand in a copy of one of the studios ``MADE``."""
        self.servers.used += 1
        here = self.servers.folder / f"used-{self.servers.used}"
        shutil.copytree(self._furnished(studio), here)
        self._stand_in(here)

    def _stand_in(self, here: Path) -> None:
        self.monkeypatch.chdir(here)
        self.monkeypatch.setenv("HOME", str(here))
        self.monkeypatch.setenv("STUDIO_DB", str(here / "studio.db"))
        self.monkeypatch.setenv("STUDIO_SECRETS", str(here / "secrets.json"))

    def _furnished(self, studio: str) -> Path:
        made = self.servers.made
        if studio not in made:
            here = self.servers.folder / studio
            origin, story = MADE[studio]
            if origin:
                shutil.copytree(self._furnished(origin), here)
            else:
                self._provide(here)
            self._stand_in(here)
            for line in filter(None, story.split("\n")):
                self.must(line)
            self._finish(studio)
            made[studio] = here
        return made[studio]

    def _provide(self, here: Path) -> None:
        """Make a folder with the files that the examples name."""
        (here / "Documents").mkdir(parents=True)
        for name, file in (("family.toml", "family.toml"), ("wedding.md", "agreement.md")):
            shutil.copy(SAMPLES / file, here / name)
        shutil.copy(SAMPLES.parent / "email" / "share.md", here / "share.md")
        (here / "share.md").write_text((here / "share.md").read_text() + "\nBring a hat.\n")
        shutil.copy(Path(__file__).parent / "outside" / "logo.png", here / "logo.png")
        (here / "holidays.ics").write_bytes(calendar(DENTIST))
        imports = Path(__file__).parent / "files" / "import"
        for name, file in (
            ("contacts.csv", "square.csv"),
            ("contacts.vcf", "address-book.vcf"),
            ("appointments.csv", "square-appointments.csv"),
            ("old.ics", "old.ics"),
        ):
            shutil.copy(imports / file, here / name)
        editor = here / "editor"
        editor.write_text('#!/bin/sh\necho "# One more line." >> "$1"\n')
        editor.chmod(0o700)

    def _finish(self, studio: str) -> None:
        """Do what no command does, and at last name the mail server."""
        if studio == "begun":
            self._complete_the_first()
        if studio == "asked":
            times = (NOW.add(hours=24 * 12), NOW.add(hours=24 * 13))
            wish = Wish(times=times, words="Mornings are best").stored()
            asked = "UPDATE session SET source = 'site', wish = ? WHERE id = 12"
            change(Path(os.environ["STUDIO_DB"]), (asked, (wish,)))
        if studio == "owed":
            self._let_the_client_cancel()
        if studio in {"asked", "full"}:
            for name, value in (
                ("host", "127.0.0.1"),
                ("port", str(self.servers.mail.port)),
                ("tls", "none"),
            ):
                self.must(f"studio config set mail.{name} {value}")

    def _let_the_client_cancel(self) -> None:
        """Let the client of session 12 cancel it on its link, so that what was paid by hand is owed."""
        token = self.must("studio session share 12 --link").out.strip().rpartition("/s/")[2]
        opened = open_studio(Path(os.environ["STUDIO_DB"]), Clock())
        session = sessions.get(opened, 12)
        seen = minds.terms_seen(cancellation.settlement(opened, session))
        minds.cancel(opened, token, session.revision, seen)
        opened.file.close()

    def _complete_the_first(self) -> None:
        """Let the client of session 1 do every step on its link."""
        clock = Clock()
        opened = open_studio(Path(os.environ["STUDIO_DB"]), clock)
        with serving(opened, clock) as door:
            token = self.must("studio session share 1 --link").out.strip().rpartition("/s/")[2]
            assert [page.status for page in walk(f"{door.base}/s/{token}")][-1] == 200
        opened.file.close()

    def must(self, line: str) -> Result:
        """Run a line that ends well, or whose mail waits because there is no server for it yet."""
        result = self.run(line)
        assert result.code == 0 or "No mail server is set" in result.err, (line, result)
        return result

    def run(self, line: str, *more: str) -> Result:
        """Run a line as it stands, in this process; on a terminal if it is for one."""
        from studio_cli.cli.app import run

        words = words_of(line)
        begin = " ".join(words)
        editing = words[1:2] == ["edit"] and words[0] in DOCUMENTS and "--file" not in words
        terminal = starting_with(ON_TERMINAL, begin) or "--write" in words or editing
        typed = starting_with(ON_TERMINAL if terminal else TYPED, begin)
        self.capsys.readouterr()
        with self.monkeypatch.context() as patch:
            patch.setenv("VISUAL", f"sh {self._here() / 'editor'}")
            patch.setattr(sys, "stdin", (Terminal if terminal else io.StringIO)(typed + "\n"))
            out = Terminal() if terminal else None
            if out is not None:
                patch.setattr(sys, "stdout", out)
            code = run([*(self.local(word) for word in words), *more])
        written = self.capsys.readouterr()
        return Result(code, written.out + (out.getvalue() if out else ""), written.err)

    def example(self, line: str, *more: str) -> Result:
        """Run an example in a fresh copy of its studio."""
        begin = " ".join(words_of(line))
        self.fresh(starting_with(STUDIOS, begin, "full"))
        return self.run(line, *more)

    def _here(self) -> Path:
        return Path(os.environ["HOME"])

    def local(self, word: str) -> str:
        """Return a word with the internet's addresses replaced by those of servers on loopback; ``~/`` is home."""
        for address, local in self.servers.addresses.items():
            word = word.replace(address, local)
        return str(self._here() / word[2:]) if word.startswith("~/") else word


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Start the servers and furnish nothing yet: a studio is made when the first example needs it."""
    with (
        MailServer() as mail,
        publishing() as web,
        radicale(folder / "caldav", login=False) as dav,
        FakeStripe(lambda: NOW.timestamp()) as stripe,
    ):
        web.body = calendar(DENTIST)
        for user, name in (("ana", "Work"), ("ana", "Family"), ("ana@example.com", "Private")):
            login = base64.b64encode(f"{user}:x".encode()).decode()
            made = NEW_CALENDAR.format(name).encode()
            said = dav.ask("MKCALENDAR", f"/{user}/{name}/", made, Authorization=f"Basic {login}")
            assert said[0] == 201, said
        addresses = {
            "https://example.com/private.ics": web.url(),
            "https://cal.example.com/": dav.address,
        }
        yield Servers(folder, mail, stripe, addresses)


NEW_CALENDAR = (
    '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>'
    "<displayname>{}</displayname></prop></set></C:mkcalendar>"
)
