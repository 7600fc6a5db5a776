"""How a mail is written (RFC 5322, MIME), safely whatever a person typed into a name."""

from __future__ import annotations

import base64
import contextlib
import re
import textwrap
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from studio_cli.model.message import LOGO, Envelope, Invitation, Letter, MailFailed
from studio_cli.model.picture import Picture
from studio_cli.model.text import shown

# On some Python versions (3.11.7 is one) an encoded word in a display name is decoded when the header is
# folded, line breaks included, and adds headers of its own. Nobody's name has one.
_DANGEROUS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|=\?")
# A dot-atom (RFC 5322, 3.2.3), letters of any script included (RFC 6531). Quoted local parts are valid too, but
# what stands between the quotes is read in a different way by every second program on the way.
_ADDRESS = re.compile(r"[^\s()<>\[\]:;@\\,\"]{1,64}@[^\s()<>\[\]:;@\\,\"]{1,255}")


class Wire(EmailPolicy):
    """How headers are folded. Those with a person's words are folded here: Python folds a long name by dropping the
    quotes around it, and then each comma in it makes one more recipient; in a long subject it loses spaces.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return one header, folded."""
        if name == "Subject":
            lines = _unstructured(str(value))
        elif name == "List-Unsubscribe":
            lines = [str(value)]  # whole: an address that Python folds is one that no program finds
        elif name in {"From", "To", "Reply-To"}:
            (person,) = value.addresses
            lines = [*_phrase(person.display_name), f"<{person.addr_spec}>"]
        else:
            return super().fold_binary(name, value)
        return (f"{name}: " + f"{self.linesep} ".join(lines) + self.linesep).encode()


def compose(envelope: Envelope, letter: Letter) -> EmailMessage:
    """Return the mail. Headers hold nothing that could become another header; every part is 7 bit, in short lines.

    ======================================  ==========================================================
    multipart/mixed                         when there is an invitation
    - multipart/alternative
    - - text/plain
    - - multipart/related                   when the HTML shows the logo, else only the text/html
    - - - text/html
    - - - image/…, inline, ``<logo>``
    - - text/calendar; method=…             when there is an invitation
    - application/ics, ``invite.ics``       the same once more
    ======================================  ==========================================================

    Raise ``MailFailed`` for an address that no mail can be sent to.
    """
    mail = EmailMessage(policy=Wire())
    mail["Subject"] = harmless(letter.subject)
    mail["From"] = _address(envelope.sender)
    mail["To"] = _address(envelope.to)
    mail["Reply-To"] = _address(envelope.reply_to)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = envelope.message_id
    # No vacation notes in answer to a mail that a program sent (RFC 3834); Exchange has its own word for that
    # (MS-OXCMAIL 2.1.3.2.20). Not "All": the report that a mail could not be delivered is wanted.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if envelope.leave:
        _let_leave(mail, envelope.leave)
    mail.set_content(_text(letter.text), cte="quoted-printable")
    if letter.html:
        _add_html(mail, letter.html, letter.logo)
    if letter.invitation:
        _add_invitation(mail, letter.invitation)
    return mail


def _let_leave(mail: EmailMessage, address: str) -> None:
    """Let mail programs show a button that ends mails of this kind (RFC 2369, 3.2; RFC 8058).

    Only in what somebody has asked for: who pressed it elsewhere would no longer hear of a session that they booked.
    """
    mail["List-Unsubscribe"] = f"<{address}>"
    if address.startswith("https:"):  # RFC 8058, 3.1: it is for nothing else
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _add_html(mail: EmailMessage, html: str, logo: Picture | None) -> None:
    mail.add_alternative(_text(html), subtype="html", cte="quoted-printable")
    if logo is None or LOGO not in html:
        return
    (*_, part) = mail.iter_parts()
    assert isinstance(part, MIMEPart)
    kind = logo.media_type.partition("/")[2]
    # The name that the file had on the owner's disk is nobody's business, and could hold anything.
    part.add_related(
        logo.content, "image", kind, cid=f"<{LOGO[4:]}>", disposition="inline", filename=f"logo.{kind}"
    )
    part.set_param("type", "text/html")  # RFC 2387, 3.1: must be said


def _add_invitation(mail: EmailMessage, invitation: Invitation) -> None:
    """Add the calendar part, twice, as Google's and Apple's calendars do.

    As the last alternative, with the method also in its type (RFC 6047, 2.4): that is where Gmail and Outlook look
    (Outlook only in the first part of a multipart/mixed: MS-STANOICAL, 2.2.168), and as base64, which no server on
    the way rewrites. And as a file, for programs that do not look into alternatives; its type is not text/calendar,
    so that none finds two invitations.
    """
    parameters = {"charset": "UTF-8", "method": invitation.method}
    mail.add_alternative(invitation.content, "text", "calendar", cte="base64", params=parameters)
    mail.add_attachment(invitation.content, "application", "ics", filename="invite.ics")


def _text(text: str) -> str:
    """Return what a person typed or a file holds as text that has bytes: half a character has none."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def harmless(text: str) -> str:
    """Return ``text`` for a header: one line, no control characters, no encoded words."""
    return " ".join(_DANGEROUS.sub(" ", text).split())


def routable(envelope: Envelope) -> Envelope:
    """Return the envelope with domains as every server takes them: in A-labels (RFC 5891), where nothing before the
    ``@`` needs more than ASCII. Such a domain needs no server that can do SMTPUTF8.
    """
    sender, to, reply_to = map(_routable, (envelope.sender, envelope.to, envelope.reply_to))
    _, number = _routable(("", envelope.message_id.strip("<>")))
    return Envelope(sender, to, reply_to, f"<{number}>", envelope.leave)


def _routable(person: tuple[str, str]) -> tuple[str, str]:
    name, address = person
    local, at, domain = address.rpartition("@")
    if domain.isascii() or not local.isascii():
        return person
    import idna  # heavy, and nearly never needed

    with contextlib.suppress(idna.IDNAError):
        domain = idna.encode(domain, uts46=True).decode()
    return name, f"{local}{at}{domain}"


def _address(person: tuple[str, str]) -> Address:
    name, address = person
    if not _ADDRESS.fullmatch(address) or not address.isprintable() or "=?" in address:
        raise MailFailed(
            f"{shown(harmless(address))} is not an address that mail can be sent to.", permanent=True
        )
    local, _, domain = address.partition("@")
    return Address(display_name=harmless(name), username=local, domain=domain)


def _phrase(name: str) -> list[str]:
    """Return the lines of a name: a quoted string, or encoded words when it is long or not ASCII."""
    if name.isascii() and len(name) <= 60:
        return ['"' + re.sub(r'(["\\])', r"\\\1", name) + '"'] if name else []
    return _encoded(name)


def _unstructured(text: str) -> list[str]:
    """Return the lines of a subject: as it is, broken at spaces, or encoded words when it cannot be."""
    if text.isascii() and all(len(word) <= 60 for word in text.split(" ")):
        return textwrap.wrap(text, 66, break_long_words=False, break_on_hyphens=False) or [""]
    return _encoded(text)


def _encoded(text: str) -> list[str]:
    """Return a text as encoded words (RFC 2047), one a line.

    Eleven characters are at most 44 bytes: 72 characters with the frame, of the 75 that a word may have.
    """
    pieces = [text[start : start + 11] for start in range(0, len(text), 11)]
    return [f"=?utf-8?b?{base64.b64encode(piece.encode()).decode()}?=" for piece in pieces]
