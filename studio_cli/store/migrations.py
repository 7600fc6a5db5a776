"""How the file came to its present shape. Append only: what has landed is never edited.

Each migration is a savepoint of one transaction and sets ``user_version`` to its number in it.
Loaded only when a file is made or is older than the program.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sqlite_utils import Database, Migrations

from studio_cli.model.text import unaccented
from studio_cli.store.database import APPLICATION_ID

if TYPE_CHECKING:
    from sqlite_utils.db import Database as Tables

migrations = Migrations("studio")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the present version: all the way or not at all, and one program at a time."""
    with migrating(connection) as apply:
        apply()


@contextlib.contextmanager
def migrating(connection: sqlite3.Connection) -> Iterator[Callable[[], None]]:
    """Let nobody else write; yield what brings the file to the present version, kept when the block ends well."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield lambda: migrations.apply(Database(connection, execute_plugins=False))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _run(db: Tables, version: int, statements: str) -> None:
    for statement in statements.split(";;"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {version}")


@migrations(name="0001_first")
def first(db: Tables) -> None:
    """The first file: clients, session types, hours, sessions, shares, steps, ledger, outbox, history."""
    _run(db, 1, _FIRST)


@migrations(name="0002_outside_tools")
def outside_tools(db: Tables) -> None:
    """What an outside tool could still get around: rows replaced, hours changed, days that do not exist."""
    _run(db, 2, _OUTSIDE_TOOLS)


@migrations(name="0003_time")
def time(db: Tables) -> None:
    """Days that differ from the week, time off, hours of a type's own, notes on a session."""
    _run(db, 3, _TIME)


@migrations(name="0004_documents")
def documents(db: Tables) -> None:
    """Contracts with their signatures, what was typed and not finished, languages, pictures."""
    _run(db, 4, _DOCUMENTS)


@migrations(name="0005_money")
def money(db: Tables) -> None:
    """Discount, tax, tips and balances; refunds of payments, receipts, and checkouts outside."""
    _run(db, 5, _MONEY)


@migrations(name="0006_mail")
def mail(db: Tables) -> None:
    """Mails to client and owner, each for one occasion; retries, invitations, reminders."""
    _run(db, 6, _MAIL)


@migrations(name="0007_calendars")
def calendars(db: Tables) -> None:
    """Calendars that are read and written, the busy times in them, the address of the feed."""
    _run(db, 7, _CALENDARS)


@migrations(name="0008_site")
def site(db: Tables) -> None:
    """Types that clients book by themselves, requests, and until when clients may change their minds."""
    _run(db, 8, _SITE)


@migrations(name="0009_waiting")
def waiting(db: Tables) -> None:
    """Who waits for a time to come free."""
    _run(db, 9, _WAITING)


@migrations(name="0010_search")
def search(db: Tables) -> None:
    """Clients are found without regard to accents, and by any word of theirs."""
    for number, name in db.execute("SELECT id, name FROM client").fetchall():
        db.execute("UPDATE client SET name_folded = ? WHERE id = ?", (unaccented(name), number))
    _run(db, 10, _SEARCH)


@migrations(name="0011_late_money")
def late_money(db: Tables) -> None:
    """Money that came too late is found without reading the whole ledger."""
    _run(db, 11, "CREATE INDEX payment_late ON payment (id) WHERE late IS NOT NULL")


# Times are UTC text of fixed width (2026-12-04T15:00:00Z), so that text order is time order; money is whole
# minor units with its currency; durations are minutes. Sentences of the rules, for whoever reads the schema:
#
# * busy_from and busy_until are generated, so that no writer can claim a session to be shorter than it is.
# * Two sessions that occupy their time never overlap, buffers included, unless the one that was placed last
#   carries overlap_allowed. 8 days is the longest a session with its buffers can be (7 days + 2 x 12 hours):
#   nothing that began earlier can reach into a new one, so the search is a short range of the index.
# * A session begins as an inquiry or pending and changes status only as session_transition allows.
_FIRST = """
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;;

CREATE TABLE client (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  name_folded TEXT NOT NULL,
  email TEXT CHECK (length(email) BETWEEN 3 AND 320),
  email_folded TEXT CHECK ((email IS NULL) = (email_folded IS NULL)),
  phone TEXT,
  notes TEXT,
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  archived_at TEXT CHECK (archived_at GLOB '????-??-??T??:??:??Z')
) STRICT;;
CREATE UNIQUE INDEX client_by_email ON client (email_folded) WHERE email_folded IS NOT NULL;;
CREATE INDEX client_by_name ON client (name_folded);;

CREATE TABLE form (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  definition TEXT NOT NULL CHECK (json_valid(definition)),
  created_at TEXT NOT NULL
) STRICT;;

CREATE TABLE session_type (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  slug TEXT NOT NULL UNIQUE CHECK (length(slug) BETWEEN 1 AND 60),
  name TEXT NOT NULL,
  duration_minutes INTEGER NOT NULL CHECK (duration_minutes BETWEEN 5 AND 720),
  price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
  currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  pay TEXT NOT NULL CHECK (pay IN ('full', 'deposit', 'later')),
  deposit_minor INTEGER CHECK (deposit_minor BETWEEN 1 AND price_minor),
  deposit_percent INTEGER CHECK (deposit_percent BETWEEN 1 AND 100),
  location TEXT,
  buffer_before_minutes INTEGER NOT NULL DEFAULT 0 CHECK (buffer_before_minutes BETWEEN 0 AND 720),
  buffer_after_minutes INTEGER NOT NULL DEFAULT 0 CHECK (buffer_after_minutes BETWEEN 0 AND 720),
  increment_minutes INTEGER NOT NULL DEFAULT 30 CHECK (increment_minutes BETWEEN 5 AND 60),
  notice_minutes INTEGER NOT NULL DEFAULT 0 CHECK (notice_minutes >= 0),
  window_days INTEGER CHECK (window_days >= 1),
  per_day INTEGER CHECK (per_day >= 1),
  hold_minutes INTEGER CHECK (hold_minutes >= 1),
  form_id INTEGER REFERENCES form (id),
  private INTEGER NOT NULL DEFAULT 0 CHECK (private IN (0, 1)),
  created_at TEXT NOT NULL,
  archived_at TEXT,
  CHECK ((pay = 'deposit') = ((deposit_minor IS NULL) <> (deposit_percent IS NULL)))
) STRICT;;

CREATE TABLE weekly_hours (
  weekday INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  opens_minute INTEGER NOT NULL CHECK (opens_minute BETWEEN 0 AND 1439),
  closes_minute INTEGER NOT NULL CHECK (closes_minute BETWEEN 1 AND 1440),
  PRIMARY KEY (weekday, opens_minute),
  CHECK (opens_minute < closes_minute)
) STRICT, WITHOUT ROWID;;
CREATE TRIGGER weekly_hours_apart BEFORE INSERT ON weekly_hours
WHEN EXISTS (
  SELECT 1 FROM weekly_hours AS other WHERE other.weekday = NEW.weekday
  AND other.opens_minute < NEW.closes_minute AND other.closes_minute > NEW.opens_minute
)
BEGIN SELECT RAISE(ABORT, 'hours of one day overlap'); END;;

CREATE TABLE session (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  status TEXT NOT NULL
    CHECK (status IN ('inquiry', 'pending', 'confirmed', 'declined', 'canceled', 'expired')),
  title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  type_id INTEGER REFERENCES session_type (id),
  client_id INTEGER NOT NULL REFERENCES client (id),
  starts_at TEXT NOT NULL CHECK (starts_at = strftime('%Y-%m-%dT%H:%M:00Z', starts_at)),
  duration_minutes INTEGER NOT NULL CHECK (duration_minutes BETWEEN 5 AND 10080),
  timezone TEXT NOT NULL,
  buffer_before_minutes INTEGER NOT NULL DEFAULT 0 CHECK (buffer_before_minutes BETWEEN 0 AND 720),
  buffer_after_minutes INTEGER NOT NULL DEFAULT 0 CHECK (buffer_after_minutes BETWEEN 0 AND 720),
  location TEXT,
  price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
  asked_now_minor INTEGER NOT NULL CHECK (asked_now_minor BETWEEN 0 AND price_minor),
  currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  form TEXT CHECK (form IS NULL OR json_valid(form)),
  custom_time INTEGER NOT NULL DEFAULT 0 CHECK (custom_time IN (0, 1)),
  overlap_allowed INTEGER NOT NULL DEFAULT 0 CHECK (overlap_allowed IN (0, 1)),
  holds_time INTEGER NOT NULL DEFAULT 1 CHECK (holds_time IN (0, 1)),
  expires_at TEXT CHECK (expires_at GLOB '????-??-??T??:??:??Z'),
  revision INTEGER NOT NULL DEFAULT 1 CHECK (revision >= 1),
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  confirmed_at TEXT CHECK (confirmed_at GLOB '????-??-??T??:??:??Z'),
  confirmed_by TEXT CHECK (confirmed_by IN ('client', 'owner')),
  ends_at TEXT NOT NULL GENERATED ALWAYS AS
    (strftime('%Y-%m-%dT%H:%M:%SZ', starts_at, '+' || duration_minutes || ' minutes')) STORED,
  busy_from TEXT NOT NULL GENERATED ALWAYS AS
    (strftime('%Y-%m-%dT%H:%M:%SZ', starts_at, '-' || buffer_before_minutes || ' minutes')) STORED,
  busy_until TEXT NOT NULL GENERATED ALWAYS AS
    (strftime('%Y-%m-%dT%H:%M:%SZ', starts_at,
              '+' || (duration_minutes + buffer_after_minutes) || ' minutes')) STORED,
  occupies INTEGER NOT NULL GENERATED ALWAYS AS
    (status IN ('pending', 'confirmed') OR (status = 'inquiry' AND holds_time)) STORED,
  CHECK ((status = 'confirmed') = (confirmed_at IS NOT NULL)),
  CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL))
) STRICT;;
CREATE INDEX session_occupied ON session (busy_from, busy_until) WHERE occupies;;
CREATE INDEX session_by_start ON session (starts_at);;
CREATE INDEX session_by_client ON session (client_id);;
CREATE INDEX session_deadline ON session (expires_at) WHERE status = 'pending' AND expires_at IS NOT NULL;;

CREATE TRIGGER session_begins BEFORE INSERT ON session
WHEN NEW.status NOT IN ('inquiry', 'pending')
BEGIN SELECT RAISE(ABORT, 'studio:transition a session begins as an inquiry or pending'); END;;
CREATE TRIGGER session_transition BEFORE UPDATE OF status ON session
WHEN NEW.status <> OLD.status AND NOT (
  (OLD.status = 'inquiry' AND NEW.status IN ('pending', 'declined', 'canceled'))
  OR (OLD.status = 'pending' AND NEW.status IN ('confirmed', 'expired', 'canceled'))
  OR (OLD.status = 'confirmed' AND NEW.status IN ('pending', 'canceled'))
  OR (OLD.status = 'expired' AND NEW.status = 'pending')
)
BEGIN SELECT RAISE(ABORT, 'studio:transition this change of status is not possible'); END;;

CREATE TRIGGER session_overlap_insert AFTER INSERT ON session
WHEN NEW.occupies AND NOT NEW.overlap_allowed AND EXISTS (
  SELECT 1 FROM session AS other
  WHERE other.occupies AND other.id <> NEW.id
  AND other.busy_from > strftime('%Y-%m-%dT%H:%M:%SZ', NEW.busy_from, '-8 days')
  AND other.busy_from < NEW.busy_until AND other.busy_until > NEW.busy_from
)
BEGIN SELECT RAISE(ABORT, 'studio:overlap that time is taken'); END;;
CREATE TRIGGER session_overlap_update
AFTER UPDATE OF starts_at, duration_minutes, buffer_before_minutes, buffer_after_minutes, status, holds_time,
  overlap_allowed ON session
WHEN NEW.occupies AND NOT NEW.overlap_allowed
AND (NOT OLD.occupies OR OLD.overlap_allowed OR NEW.busy_from <> OLD.busy_from OR NEW.busy_until <> OLD.busy_until)
AND EXISTS (
  SELECT 1 FROM session AS other
  WHERE other.occupies AND other.id <> NEW.id
  AND other.busy_from > strftime('%Y-%m-%dT%H:%M:%SZ', NEW.busy_from, '-8 days')
  AND other.busy_from < NEW.busy_until AND other.busy_until > NEW.busy_from
)
BEGIN SELECT RAISE(ABORT, 'studio:overlap that time is taken'); END;;

CREATE TABLE revision (
  session_id INTEGER NOT NULL REFERENCES session (id),
  number INTEGER NOT NULL CHECK (number >= 1),
  details TEXT NOT NULL CHECK (json_valid(details)),
  created_at TEXT NOT NULL,
  PRIMARY KEY (session_id, number)
) STRICT, WITHOUT ROWID;;
CREATE TRIGGER revision_stays BEFORE UPDATE ON revision
BEGIN SELECT RAISE(ABORT, 'studio:append_only what a client was shown is never changed'); END;;
CREATE TRIGGER revision_kept BEFORE DELETE ON revision
BEGIN SELECT RAISE(ABORT, 'studio:append_only what a client was shown is never deleted'); END;;

CREATE TABLE share (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES session (id),
  channel TEXT NOT NULL CHECK (channel IN ('email', 'direct')),
  created_at TEXT NOT NULL,
  opened_at TEXT,
  last_opened_at TEXT,
  revoked_at TEXT
) STRICT;;
CREATE INDEX share_by_session ON share (session_id);;
CREATE TABLE link (
  token_sha256 BLOB PRIMARY KEY CHECK (length(token_sha256) = 32),
  share_id INTEGER NOT NULL REFERENCES share (id),
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;;

CREATE TABLE step (
  session_id INTEGER NOT NULL REFERENCES session (id),
  position INTEGER NOT NULL,
  step TEXT NOT NULL CHECK (step IN ('review', 'questionnaire', 'contract', 'payment')),
  done_at TEXT,
  done_revision INTEGER,
  waived_at TEXT,
  announced_at TEXT,
  share_id INTEGER REFERENCES share (id),
  PRIMARY KEY (session_id, step)
) STRICT, WITHOUT ROWID;;

CREATE TABLE answer (
  session_id INTEGER NOT NULL REFERENCES session (id),
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  label TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;;

CREATE TABLE payment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES session (id),
  kind TEXT NOT NULL CHECK (kind IN ('payment', 'refund')),
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  method TEXT NOT NULL,
  note TEXT,
  reference TEXT UNIQUE,
  at TEXT NOT NULL CHECK (at GLOB '????-??-??T??:??:??Z'),
  recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-??T??:??:??Z')
) STRICT;;
CREATE INDEX payment_by_session ON payment (session_id);;
CREATE TRIGGER payment_currency BEFORE INSERT ON payment
WHEN NEW.currency <> (SELECT currency FROM session WHERE id = NEW.session_id)
BEGIN SELECT RAISE(ABORT, 'a payment is in the currency of its session'); END;;
CREATE TRIGGER payment_stays BEFORE UPDATE ON payment
BEGIN SELECT RAISE(ABORT, 'studio:append_only the ledger is never changed'); END;;
CREATE TRIGGER payment_kept BEFORE DELETE ON payment
BEGIN SELECT RAISE(ABORT, 'studio:append_only the ledger is never shortened'); END;;

CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER REFERENCES session (id),
  share_id INTEGER REFERENCES share (id),
  kind TEXT NOT NULL,
  to_name TEXT NOT NULL,
  to_email TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  html TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'canceled')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  created_at TEXT NOT NULL,
  claimed_at TEXT,
  sent_at TEXT,
  CHECK ((state = 'sent') = (sent_at IS NOT NULL))
) STRICT;;
CREATE INDEX message_waiting ON message (state) WHERE state IN ('queued', 'sending', 'failed', 'unknown');;
CREATE INDEX message_by_session ON message (session_id);;
CREATE TRIGGER message_sent_once BEFORE UPDATE OF state ON message
WHEN OLD.state = 'sent' AND NEW.state <> 'sent'
BEGIN SELECT RAISE(ABORT, 'studio:append_only a mail that was sent stays sent'); END;;

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL CHECK (at GLOB '????-??-??T??:??:??Z'),
  actor TEXT NOT NULL CHECK (actor IN ('owner', 'client', 'system')),
  kind TEXT NOT NULL,
  session_id INTEGER REFERENCES session (id),
  client_id INTEGER REFERENCES client (id),
  share_id INTEGER REFERENCES share (id),
  details TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details))
) STRICT;;
CREATE INDEX event_by_session ON event (session_id, id);;
CREATE INDEX event_touched ON event (id) WHERE actor = 'owner' AND session_id IS NOT NULL;;
CREATE TRIGGER event_stays BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'studio:append_only the history is never changed'); END;;
CREATE TRIGGER event_kept BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'studio:append_only the history is never shortened'); END;;

CREATE TABLE repeat_key (
  key TEXT PRIMARY KEY,
  command TEXT NOT NULL,
  arguments TEXT NOT NULL CHECK (json_valid(arguments)),
  result_id INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;;

CREATE VIEW money AS
SELECT session.id AS session_id, session.title, client.name AS client, session.status, session.currency,
  session.price_minor, session.asked_now_minor, coalesce(ledger.paid_minor, 0) AS paid_minor,
  session.price_minor - coalesce(ledger.paid_minor, 0) AS balance_minor
FROM session JOIN client ON client.id = session.client_id
LEFT JOIN (
  SELECT session_id, sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END) AS paid_minor
  FROM payment GROUP BY session_id
) AS ledger ON ledger.session_id = session.id;;

CREATE VIEW agenda AS
SELECT session.id AS session_id, session.status, session.starts_at, session.ends_at, session.timezone,
  session.title, client.name AS client, client.email, client.phone, session.location,
  (SELECT group_concat(step.step, ', ') FROM step
   WHERE step.session_id = session.id AND step.done_at IS NULL AND step.waived_at IS NULL
   AND session.status = 'pending') AS waiting_for
FROM session JOIN client ON client.id = session.client_id
WHERE session.occupies ORDER BY session.starts_at
"""


# INSERT OR REPLACE deletes the row it replaces without firing a DELETE trigger (that takes recursive_triggers,
# which is off in every tool), so what is never deleted must not be inserted over either. NEW.id is -1 when the
# statement names none.
_OUTSIDE_TOOLS = """
CREATE TRIGGER session_not_replaced BEFORE INSERT ON session
WHEN EXISTS (SELECT 1 FROM session WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'studio:transition a session is never replaced by another'); END;;
CREATE TRIGGER revision_not_replaced BEFORE INSERT ON revision
WHEN EXISTS (SELECT 1 FROM revision WHERE session_id = NEW.session_id AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'studio:append_only what a client was shown is never replaced'); END;;
CREATE TRIGGER payment_not_replaced BEFORE INSERT ON payment
WHEN EXISTS (SELECT 1 FROM payment WHERE id = NEW.id OR reference = NEW.reference)
BEGIN SELECT RAISE(ABORT, 'studio:append_only the ledger is never written over'); END;;
CREATE TRIGGER event_not_replaced BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'studio:append_only the history is never written over'); END;;

CREATE TRIGGER session_currency BEFORE UPDATE OF currency ON session
WHEN EXISTS (SELECT 1 FROM payment WHERE session_id = NEW.id AND currency <> NEW.currency)
BEGIN SELECT RAISE(ABORT, 'a session stays in the currency in which it was paid'); END;;

CREATE TRIGGER weekly_hours_stay_apart BEFORE UPDATE ON weekly_hours
WHEN EXISTS (
  SELECT 1 FROM weekly_hours AS other WHERE other.weekday = NEW.weekday
  AND NOT (other.weekday = OLD.weekday AND other.opens_minute = OLD.opens_minute)
  AND other.opens_minute < NEW.closes_minute AND other.closes_minute > NEW.opens_minute
)
BEGIN SELECT RAISE(ABORT, 'hours of one day overlap'); END;;

CREATE TRIGGER session_day_exists BEFORE INSERT ON session
WHEN NEW.starts_at <> strftime('%Y-%m-%dT%H:%M:%SZ', NEW.starts_at, '+0 days')
BEGIN SELECT RAISE(ABORT, 'a session starts on a day that exists'); END;;
CREATE TRIGGER session_day_goes_on_existing BEFORE UPDATE OF starts_at ON session
WHEN NEW.starts_at <> strftime('%Y-%m-%dT%H:%M:%SZ', NEW.starts_at, '+0 days')
BEGIN SELECT RAISE(ABORT, 'a session starts on a day that exists'); END
"""


# Overrides and blocks are wall-clock time in the studio's zone: a day off is a day off, whatever clocks do.
# An override's hours are text like "10:00-12:00 13:00-16:00", or "off".
_TIME = """
ALTER TABLE session ADD COLUMN notes TEXT;;
ALTER TABLE session ADD COLUMN deposit_percent INTEGER CHECK (deposit_percent BETWEEN 1 AND 100);;
ALTER TABLE session_type ADD COLUMN own_hours INTEGER NOT NULL DEFAULT 0 CHECK (own_hours IN (0, 1));;

CREATE TABLE type_hours (
  type_id INTEGER NOT NULL REFERENCES session_type (id),
  weekday INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  opens_minute INTEGER NOT NULL CHECK (opens_minute BETWEEN 0 AND 1439),
  closes_minute INTEGER NOT NULL CHECK (closes_minute BETWEEN 1 AND 1440),
  PRIMARY KEY (type_id, weekday, opens_minute),
  CHECK (opens_minute < closes_minute)
) STRICT, WITHOUT ROWID;;
CREATE TRIGGER type_hours_apart BEFORE INSERT ON type_hours
WHEN EXISTS (
  SELECT 1 FROM type_hours AS other WHERE other.type_id = NEW.type_id AND other.weekday = NEW.weekday
  AND other.opens_minute < NEW.closes_minute AND other.closes_minute > NEW.opens_minute
)
BEGIN SELECT RAISE(ABORT, 'hours of one day overlap'); END;;

CREATE TABLE date_override (
  date TEXT NOT NULL CHECK (date = strftime('%Y-%m-%d', date, '+0 days')),
  type_id INTEGER REFERENCES session_type (id),
  hours TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;;
CREATE UNIQUE INDEX date_override_once ON date_override (date, coalesce(type_id, 0));;

CREATE TABLE block (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  from_wall TEXT NOT NULL CHECK (from_wall = strftime('%Y-%m-%dT%H:%M', from_wall, '+0 days')),
  until_wall TEXT NOT NULL CHECK (until_wall = strftime('%Y-%m-%dT%H:%M', until_wall, '+0 days')),
  yearly INTEGER NOT NULL DEFAULT 0 CHECK (yearly IN (0, 1)),
  reason TEXT,
  created_at TEXT NOT NULL,
  CHECK (from_wall < until_wall)
) STRICT;;
CREATE INDEX session_by_type ON session (type_id, starts_at) WHERE occupies;;

CREATE TRIGGER type_hours_stay_apart BEFORE UPDATE ON type_hours
WHEN EXISTS (
  SELECT 1 FROM type_hours AS other WHERE other.type_id = NEW.type_id AND other.weekday = NEW.weekday
  AND NOT (other.type_id = OLD.type_id AND other.weekday = OLD.weekday AND other.opens_minute = OLD.opens_minute)
  AND other.opens_minute < NEW.closes_minute AND other.closes_minute > NEW.opens_minute
)
BEGIN SELECT RAISE(ABORT, 'hours of one day overlap'); END;;

DROP VIEW agenda;;
CREATE VIEW agenda AS
SELECT session.id AS session_id, session.status, session.starts_at, session.ends_at, session.timezone,
  session.title, client.name AS client, client.email, client.phone, session.location,
  CASE WHEN session.status = 'pending' THEN rtrim(
    CASE WHEN EXISTS (SELECT 1 FROM step WHERE step.session_id = session.id AND step.step = 'review'
      AND (step.waived_at IS NOT NULL OR (step.done_at IS NOT NULL AND step.done_revision = session.revision)))
      THEN '' ELSE 'review, ' END
    || CASE WHEN session.form IS NULL OR EXISTS (SELECT 1 FROM step WHERE step.session_id = session.id
      AND step.step = 'questionnaire' AND (step.waived_at IS NOT NULL OR step.done_at IS NOT NULL))
      THEN '' ELSE 'questionnaire, ' END
    || CASE WHEN money.paid_minor >= money.asked_now_minor OR EXISTS (SELECT 1 FROM step
      WHERE step.session_id = session.id AND step.step = 'payment' AND step.waived_at IS NOT NULL)
      THEN '' ELSE 'payment, ' END, ', ') END AS waiting_for
FROM session JOIN client ON client.id = session.client_id JOIN money ON money.session_id = session.id
WHERE session.occupies ORDER BY session.starts_at
"""


# A session's contract is frozen as a document: the owner's Markdown (source) and the exact text that its client
# reads, filled in. A change of the session's details makes another document; the old ones stay, and so does
# every signature with the document that it signs. sha256 is of the text in UTF-8, in hexadecimal.
# A draft is what a client posted that cannot be kept yet: it waits until they have mended it.
_DOCUMENTS = """
CREATE TABLE contract (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL CHECK (length(source) BETWEEN 1 AND 200000),
  created_at TEXT NOT NULL,
  changed_at TEXT NOT NULL
) STRICT;;
ALTER TABLE form ADD COLUMN changed_at TEXT;;
ALTER TABLE session_type ADD COLUMN contract_id INTEGER REFERENCES contract (id);;

CREATE TABLE document (
  session_id INTEGER NOT NULL REFERENCES session (id),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  source TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (session_id, sha256)
) STRICT;;
CREATE TRIGGER document_stays BEFORE UPDATE ON document
BEGIN SELECT RAISE(ABORT, 'studio:append_only a contract that was shown is never changed'); END;;
CREATE TRIGGER document_kept BEFORE DELETE ON document
BEGIN SELECT RAISE(ABORT, 'studio:append_only a contract that was shown is never deleted'); END;;
CREATE TRIGGER document_not_replaced BEFORE INSERT ON document
WHEN EXISTS (SELECT 1 FROM document WHERE session_id = NEW.session_id AND sha256 = NEW.sha256)
BEGIN SELECT RAISE(ABORT, 'studio:append_only a contract that was shown is never written over'); END;;

CREATE TABLE signature (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES session (id),
  sha256 TEXT NOT NULL,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  at TEXT NOT NULL CHECK (at GLOB '????-??-??T??:??:??Z'),
  timezone TEXT NOT NULL,
  share_id INTEGER NOT NULL REFERENCES share (id),
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  FOREIGN KEY (session_id, sha256) REFERENCES document (session_id, sha256)
) STRICT;;
CREATE INDEX signature_by_session ON signature (session_id, id);;
CREATE TRIGGER signature_stays BEFORE UPDATE ON signature
BEGIN SELECT RAISE(ABORT, 'studio:append_only a signature is never changed'); END;;
CREATE TRIGGER signature_kept BEFORE DELETE ON signature
BEGIN SELECT RAISE(ABORT, 'studio:append_only a signature is never deleted'); END;;
CREATE TRIGGER signature_not_replaced BEFORE INSERT ON signature
WHEN EXISTS (SELECT 1 FROM signature WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'studio:append_only a signature is never written over'); END;;

ALTER TABLE session ADD COLUMN contract_sha256 TEXT;;
ALTER TABLE session ADD COLUMN language TEXT;;
ALTER TABLE client ADD COLUMN language TEXT;;
CREATE TRIGGER session_contract_exists BEFORE UPDATE OF contract_sha256 ON session
WHEN NEW.contract_sha256 IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM document WHERE session_id = NEW.id AND sha256 = NEW.contract_sha256)
BEGIN SELECT RAISE(ABORT, 'a session has a contract that exists'); END;;
CREATE TRIGGER session_contract_comes_after BEFORE INSERT ON session WHEN NEW.contract_sha256 IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a session has a contract that exists'); END;;

ALTER TABLE answer ADD COLUMN kind TEXT NOT NULL DEFAULT 'short';;

CREATE TABLE draft (
  session_id INTEGER NOT NULL REFERENCES session (id),
  step TEXT NOT NULL CHECK (step IN ('questionnaire', 'contract')),
  fields TEXT NOT NULL CHECK (json_valid(fields)),
  saved_at TEXT NOT NULL,
  PRIMARY KEY (session_id, step)
) STRICT, WITHOUT ROWID;;

CREATE TABLE picture (
  name TEXT PRIMARY KEY,
  file_name TEXT NOT NULL,
  media_type TEXT NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/webp', 'image/gif')),
  width INTEGER NOT NULL CHECK (width > 0),
  height INTEGER NOT NULL CHECK (height > 0),
  content BLOB NOT NULL CHECK (length(content) BETWEEN 1 AND 1048576)
) STRICT;;

DROP VIEW agenda;;
CREATE VIEW agenda AS
SELECT session.id AS session_id, session.status, session.starts_at, session.ends_at, session.timezone,
  session.title, client.name AS client, client.email, client.phone, session.location,
  CASE WHEN session.status = 'pending' THEN rtrim(
    CASE WHEN EXISTS (SELECT 1 FROM step WHERE step.session_id = session.id AND step.step = 'review'
      AND (step.waived_at IS NOT NULL OR (step.done_at IS NOT NULL AND step.done_revision = session.revision)))
      THEN '' ELSE 'review, ' END
    || CASE WHEN session.form IS NULL OR EXISTS (SELECT 1 FROM step WHERE step.session_id = session.id
      AND step.step = 'questionnaire' AND (step.waived_at IS NOT NULL OR step.done_at IS NOT NULL))
      THEN '' ELSE 'questionnaire, ' END
    || CASE WHEN session.contract_sha256 IS NULL OR EXISTS (SELECT 1 FROM step WHERE step.session_id = session.id
      AND step.step = 'contract' AND step.waived_at IS NOT NULL)
      OR EXISTS (SELECT 1 FROM signature
        WHERE signature.session_id = session.id AND signature.sha256 = session.contract_sha256)
      THEN '' ELSE 'contract, ' END
    || CASE WHEN money.paid_minor >= money.asked_now_minor OR EXISTS (SELECT 1 FROM step
      WHERE step.session_id = session.id AND step.step = 'payment' AND step.waived_at IS NOT NULL)
      THEN '' ELSE 'payment, ' END, ', ') END AS waiting_for
FROM session JOIN client ON client.id = session.client_id JOIN money ON money.session_id = session.id
WHERE session.occupies ORDER BY session.starts_at
"""


# Terms: percents and tax rates are thousandths of a percent; tax_name and tax_rate are there together or not at
# all. total_minor is what the client pays in all, tip included; balance_due_days counts from the session's day.
#
# With tax on top, or a tip, more than the price can be due: what the first columns for it cannot hold is in
# booking_minor and deposit_whole_minor. (Their CHECKs could only be loosened by writing into sqlite_schema, which
# some builds of SQLite do not allow.)
#
# A refund that is made outside is written down in refund_order before it is asked for, with the key that makes asking
# again safe.
#
# A payment has a receipt, numbered without gaps, which goes on saying what was so when it was issued (facts); a refund says which payment it gives back. late says why money
# came too late to count (the session was canceled, say): it waits to be given back. A checkout is a payment page
# outside; its row is there before the page is asked for, so that it is asked for once. One that is paid is a
# payment of the ledger, or in doubt: then it says why not.
_MONEY = """
ALTER TABLE session_type ADD COLUMN discount_minor INTEGER CHECK (discount_minor >= 0);;
ALTER TABLE session_type ADD COLUMN discount_percent INTEGER CHECK (discount_percent BETWEEN 1 AND 100000);;
ALTER TABLE session_type ADD COLUMN discount_reason TEXT;;
ALTER TABLE session_type ADD COLUMN tax_name TEXT;;
ALTER TABLE session_type ADD COLUMN tax_rate INTEGER CHECK (tax_rate BETWEEN 1 AND 100000);;
ALTER TABLE session_type ADD COLUMN tax_included INTEGER NOT NULL DEFAULT 0 CHECK (tax_included IN (0, 1));;
ALTER TABLE session_type ADD COLUMN balance_due_days INTEGER CHECK (balance_due_days BETWEEN -365 AND 365);;
ALTER TABLE session_type ADD COLUMN tips INTEGER NOT NULL DEFAULT 0 CHECK (tips IN (0, 1));;
ALTER TABLE session_type ADD COLUMN refunds TEXT;;
ALTER TABLE session_type ADD COLUMN deposit_whole_minor INTEGER CHECK (deposit_whole_minor >= 1);;
ALTER TABLE session ADD COLUMN discount_minor INTEGER CHECK (discount_minor >= 0);;
ALTER TABLE session ADD COLUMN discount_percent INTEGER CHECK (discount_percent BETWEEN 1 AND 100000);;
ALTER TABLE session ADD COLUMN discount_reason TEXT;;
ALTER TABLE session ADD COLUMN tax_name TEXT;;
ALTER TABLE session ADD COLUMN tax_rate INTEGER CHECK (tax_rate BETWEEN 1 AND 100000);;
ALTER TABLE session ADD COLUMN tax_included INTEGER NOT NULL DEFAULT 0 CHECK (tax_included IN (0, 1));;
ALTER TABLE session ADD COLUMN balance_due_days INTEGER CHECK (balance_due_days BETWEEN -365 AND 365);;
ALTER TABLE session ADD COLUMN tips INTEGER NOT NULL DEFAULT 0 CHECK (tips IN (0, 1));;
ALTER TABLE session ADD COLUMN refunds TEXT;;
ALTER TABLE session ADD COLUMN deposit_whole_minor INTEGER CHECK (deposit_whole_minor >= 1);;
ALTER TABLE session ADD COLUMN pay TEXT NOT NULL DEFAULT 'full' CHECK (pay IN ('full', 'deposit', 'later'));;
ALTER TABLE session ADD COLUMN deposit_minor INTEGER CHECK (deposit_minor >= 1);;
ALTER TABLE session ADD COLUMN booking_minor INTEGER CHECK (booking_minor >= 0);;
ALTER TABLE session ADD COLUMN tip_minor INTEGER NOT NULL DEFAULT 0 CHECK (tip_minor >= 0);;
ALTER TABLE session ADD COLUMN total_minor INTEGER CHECK (total_minor >= 0);;
UPDATE session SET total_minor = price_minor, pay = CASE
  WHEN deposit_percent IS NOT NULL THEN 'deposit'
  WHEN asked_now_minor = price_minor THEN 'full'
  WHEN asked_now_minor = 0 THEN 'later' ELSE 'deposit' END;;
UPDATE session SET deposit_minor = asked_now_minor WHERE pay = 'deposit' AND deposit_percent IS NULL;;

ALTER TABLE payment ADD COLUMN refund_of INTEGER REFERENCES payment (id);;
ALTER TABLE payment ADD COLUMN late TEXT;;
CREATE TRIGGER payment_refund_fits BEFORE INSERT ON payment
WHEN NEW.kind = 'refund' AND NEW.amount_minor > (
  SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END), 0)
  FROM payment WHERE session_id = NEW.session_id)
BEGIN SELECT RAISE(ABORT, 'studio:refund more cannot be given back than was paid'); END;;
CREATE TRIGGER payment_refund_of BEFORE INSERT ON payment
WHEN NEW.refund_of IS NOT NULL AND (NEW.kind <> 'refund' OR NOT EXISTS (
  SELECT 1 FROM payment AS given WHERE given.id = NEW.refund_of AND given.kind = 'payment'
  AND given.session_id = NEW.session_id
  AND given.amount_minor >= NEW.amount_minor + (
    SELECT coalesce(sum(amount_minor), 0) FROM payment WHERE refund_of = NEW.refund_of)))
BEGIN SELECT RAISE(ABORT, 'studio:refund more cannot be given back than was paid'); END;;
CREATE INDEX payment_refunds ON payment (refund_of) WHERE refund_of IS NOT NULL;;
CREATE INDEX payment_at ON payment (at);;

CREATE INDEX session_unfinished ON session (status) WHERE status IN ('pending', 'inquiry');;

CREATE TABLE receipt (
  number INTEGER PRIMARY KEY CHECK (number >= 1),
  payment_id INTEGER NOT NULL UNIQUE REFERENCES payment (id),
  issued_at TEXT NOT NULL CHECK (issued_at GLOB '????-??-??T??:??:??Z'),
  facts TEXT CHECK (facts IS NULL OR json_valid(facts))
) STRICT;;
INSERT INTO receipt (number, payment_id, issued_at)
SELECT row_number() OVER (ORDER BY id), id, recorded_at FROM payment WHERE kind = 'payment';;
CREATE TRIGGER receipt_no_gap BEFORE INSERT ON receipt
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM receipt)
OR NOT EXISTS (SELECT 1 FROM payment WHERE id = NEW.payment_id AND kind = 'payment')
BEGIN SELECT RAISE(ABORT, 'studio:append_only receipts of payments are numbered without gaps'); END;;
CREATE TRIGGER receipt_stays BEFORE UPDATE ON receipt
BEGIN SELECT RAISE(ABORT, 'studio:append_only a receipt is never changed'); END;;
CREATE TRIGGER receipt_kept BEFORE DELETE ON receipt
BEGIN SELECT RAISE(ABORT, 'studio:append_only a receipt is never deleted'); END;;

CREATE TABLE checkout (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES session (id),
  share_id INTEGER REFERENCES share (id),
  provider TEXT NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'open', 'paid', 'ended')),
  outside_id TEXT UNIQUE,
  url TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  checked_at TEXT,
  payment_id INTEGER REFERENCES payment (id),
  doubt TEXT,
  CHECK (state = 'asked' OR state = 'ended' OR outside_id IS NOT NULL),
  CHECK ((state = 'paid') = (payment_id IS NOT NULL OR doubt IS NOT NULL))
) STRICT;;
CREATE INDEX checkout_by_session ON checkout (session_id);;
CREATE INDEX checkout_waiting ON checkout (id) WHERE state IN ('asked', 'open') OR doubt IS NOT NULL;;
ALTER TABLE message ADD COLUMN payment_id INTEGER REFERENCES payment (id);;
CREATE TABLE refund_order (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES session (id),
  payment_id INTEGER NOT NULL REFERENCES payment (id),
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  idempotency_key TEXT NOT NULL UNIQUE,
  note TEXT,
  created_at TEXT NOT NULL,
  done_at TEXT
) STRICT;;
CREATE INDEX refund_order_open ON refund_order (session_id) WHERE done_at IS NULL;;
CREATE TABLE outside_event (
  id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
  kind TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;;

DROP VIEW agenda;;
DROP VIEW money;;
CREATE VIEW money AS
SELECT session.id AS session_id, session.title, client.name AS client, session.status, session.currency,
  session.price_minor, coalesce(session.total_minor, session.price_minor) AS total_minor, coalesce(session.booking_minor, session.asked_now_minor) AS asked_now_minor,
  session.tip_minor, coalesce(ledger.paid_minor, 0) AS paid_minor,
  coalesce(session.total_minor, session.price_minor) - coalesce(ledger.paid_minor, 0) AS balance_minor
FROM session JOIN client ON client.id = session.client_id
LEFT JOIN (
  SELECT session_id, sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END) AS paid_minor
  FROM payment GROUP BY session_id
) AS ledger ON ledger.session_id = session.id;;
CREATE VIEW agenda AS
SELECT session.id AS session_id, session.status, session.starts_at, session.ends_at, session.timezone,
  session.title, client.name AS client, client.email, client.phone, session.location,
  CASE WHEN session.status = 'pending' THEN rtrim(
    CASE WHEN EXISTS (SELECT 1 FROM step WHERE step.session_id = session.id AND step.step = 'review'
      AND (step.waived_at IS NOT NULL OR (step.done_at IS NOT NULL AND step.done_revision = session.revision)))
      THEN '' ELSE 'review, ' END
    || CASE WHEN session.form IS NULL OR EXISTS (SELECT 1 FROM step WHERE step.session_id = session.id
      AND step.step = 'questionnaire' AND (step.waived_at IS NOT NULL OR step.done_at IS NOT NULL))
      THEN '' ELSE 'questionnaire, ' END
    || CASE WHEN session.contract_sha256 IS NULL OR EXISTS (SELECT 1 FROM step WHERE step.session_id = session.id
      AND step.step = 'contract' AND step.waived_at IS NOT NULL)
      OR EXISTS (SELECT 1 FROM signature
        WHERE signature.session_id = session.id AND signature.sha256 = session.contract_sha256)
      THEN '' ELSE 'contract, ' END
    || CASE WHEN money.paid_minor >= money.asked_now_minor OR EXISTS (SELECT 1 FROM step
      WHERE step.session_id = session.id AND step.step = 'payment' AND step.waived_at IS NOT NULL)
      THEN '' ELSE 'payment, ' END, ', ') END AS waiting_for
FROM session JOIN client ON client.id = session.client_id JOIN money ON money.session_id = session.id
WHERE session.occupies ORDER BY session.starts_at
"""

# A mail has an occasion: an event, a share, a day to be reminded of. One occasion is one mail to each person.
# A session type's reminders are "on", "off" or some of "unfinished, hold, balance, tomorrow".
_MAIL = """
CREATE TABLE new_message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER REFERENCES session (id),
  share_id INTEGER REFERENCES share (id),
  payment_id INTEGER REFERENCES payment (id),
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL DEFAULT 'client' CHECK (recipient IN ('client', 'owner')),
  occasion TEXT NOT NULL,
  about TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(about)),
  to_name TEXT NOT NULL,
  to_email TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  html TEXT NOT NULL,
  method TEXT CHECK (method IN ('REQUEST', 'CANCEL')),
  invitation TEXT,
  trouble TEXT,
  state TEXT NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'given_up', 'canceled')),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  created_at TEXT NOT NULL,
  next_try_at TEXT,
  claimed_at TEXT,
  sent_at TEXT,
  CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
  CHECK ((method IS NULL) = (invitation IS NULL)),
  UNIQUE (occasion, recipient)
) STRICT;;
INSERT INTO new_message (id, session_id, share_id, payment_id, kind, occasion, to_name, to_email, subject, text, html,
  state, attempts, last_error, created_at, claimed_at, sent_at)
SELECT id, session_id, share_id, payment_id, kind, 'message ' || id, to_name, to_email, subject, text, html,
  state, attempts, last_error, created_at, claimed_at, sent_at FROM message;;
DROP TABLE message;;
ALTER TABLE new_message RENAME TO message;;
CREATE INDEX message_by_state ON message (state);;
CREATE INDEX message_by_session ON message (session_id);;
CREATE TRIGGER message_sent_once BEFORE UPDATE OF state ON message
WHEN OLD.state = 'sent' AND NEW.state <> 'sent'
BEGIN SELECT RAISE(ABORT, 'studio:append_only a mail that was sent stays sent'); END;;
CREATE TRIGGER message_stays BEFORE DELETE ON message
BEGIN SELECT RAISE(ABORT, 'studio:append_only what was written to somebody is not forgotten'); END;;
CREATE TRIGGER message_not_replaced BEFORE INSERT ON message
WHEN EXISTS (SELECT 1 FROM message WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'studio:append_only a mail is never replaced by another'); END;;

ALTER TABLE refund_order ADD COLUMN tell INTEGER NOT NULL DEFAULT 1 CHECK (tell IN (0, 1));;
ALTER TABLE session ADD COLUMN reminders INTEGER NOT NULL DEFAULT 1 CHECK (reminders IN (0, 1));;
ALTER TABLE client ADD COLUMN reminders INTEGER NOT NULL DEFAULT 1 CHECK (reminders IN (0, 1));;
ALTER TABLE session_type ADD COLUMN reminders TEXT NOT NULL DEFAULT 'on';;
CREATE INDEX session_balance_due ON session (date(starts_at, balance_due_days || ' days'))
WHERE status = 'confirmed' AND balance_due_days IS NOT NULL;;

ALTER TABLE session ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;;
UPDATE session SET sequence = revision + (SELECT count(*) FROM event WHERE event.session_id = session.id
  AND event.kind IN ('session confirmed', 'session reopened', 'session canceled', 'session expired'));;
CREATE TRIGGER session_sequence AFTER UPDATE OF status, revision ON session
WHEN OLD.status <> NEW.status OR OLD.revision <> NEW.revision
BEGIN UPDATE session SET sequence = sequence + 1 WHERE id = NEW.id; END
"""

# A calendar's busy times are counted out ahead, in UTC, when it is read; they are replaced as a whole. The index holds
# all that slot finding reads. mark is what the source calls what it holds (an ETag, say), digest the SHA-256 of what
# was read last. Of a feed only the SHA-256 of its token is kept. A calendar_entry is a session as it was last written
# into a calendar: where, what the server called that, and the SHA-256 of what was written.
_CALENDARS = """
CREATE TABLE calendar (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 200),
  kind TEXT NOT NULL CHECK (kind IN ('file', 'url', 'caldav')),
  address TEXT NOT NULL UNIQUE,
  user TEXT,
  titles INTEGER NOT NULL CHECK (titles IN (0, 1)),
  writes INTEGER NOT NULL CHECK (writes IN (0, 1)),
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  tried_at TEXT CHECK (tried_at GLOB '????-??-??T??:??:??Z'),
  synced_at TEXT CHECK (synced_at GLOB '????-??-??T??:??:??Z'),
  error TEXT,
  notes TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(notes)),
  mark TEXT,
  digest TEXT,
  zone TEXT,
  covers_until TEXT CHECK (covers_until GLOB '????-??-??T??:??:??Z'),
  CHECK (kind = 'caldav' OR NOT writes)
) STRICT;;
CREATE TABLE busy (
  id INTEGER PRIMARY KEY,
  calendar_id INTEGER NOT NULL REFERENCES calendar (id) ON DELETE CASCADE,
  starts_at TEXT NOT NULL CHECK (starts_at GLOB '????-??-??T??:??:??Z'),
  ends_at TEXT NOT NULL CHECK (ends_at GLOB '????-??-??T??:??:??Z'),
  title TEXT CHECK (length(title) BETWEEN 1 AND 200),
  CHECK (starts_at < ends_at)
) STRICT;;
CREATE INDEX busy_time ON busy (ends_at, starts_at);;
CREATE INDEX busy_of_calendar ON busy (calendar_id);;
CREATE TABLE feed (
  token_sha256 BLOB PRIMARY KEY CHECK (length(token_sha256) = 32),
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  revoked_at TEXT CHECK (revoked_at GLOB '????-??-??T??:??:??Z')
) STRICT, WITHOUT ROWID;;
CREATE UNIQUE INDEX feed_alive ON feed (revoked_at IS NULL) WHERE revoked_at IS NULL;;
CREATE TABLE calendar_entry (
  calendar_id INTEGER NOT NULL REFERENCES calendar (id) ON DELETE CASCADE,
  session_id INTEGER NOT NULL REFERENCES session (id),
  path TEXT NOT NULL,
  mark TEXT,
  digest TEXT NOT NULL,
  PRIMARY KEY (calendar_id, session_id)
) STRICT, WITHOUT ROWID
"""

# A request holds its time until expires_at, and never for ever: who writes one without saying so holds it for a
# week, or until it begins (model/site.py has the same week). offered are the times that the owner proposed instead.
# kept_minor is there once a client has canceled: what the studio keeps of what was paid.
_SITE = """
ALTER TABLE session_type ADD COLUMN published INTEGER NOT NULL DEFAULT 0 CHECK (published IN (0, 1));;
ALTER TABLE session_type ADD COLUMN description TEXT;;
ALTER TABLE session_type ADD COLUMN approval INTEGER NOT NULL DEFAULT 0 CHECK (approval IN (0, 1));;
ALTER TABLE session_type ADD COLUMN request TEXT NOT NULL DEFAULT 'hold' CHECK (request IN ('hold', 'free', 'wishes'));;
ALTER TABLE session_type ADD COLUMN site_hold_minutes INTEGER NOT NULL DEFAULT 15 CHECK (site_hold_minutes > 0);;
ALTER TABLE session_type ADD COLUMN verify_email INTEGER NOT NULL DEFAULT 0 CHECK (verify_email IN (0, 1));;
ALTER TABLE session_type ADD COLUMN move_until_minutes INTEGER CHECK (move_until_minutes >= 0);;
ALTER TABLE session_type ADD COLUMN cancel_until_minutes INTEGER CHECK (cancel_until_minutes >= 0);;
ALTER TABLE session_type ADD COLUMN link_key TEXT;;
CREATE UNIQUE INDEX session_type_by_link_key ON session_type (link_key) WHERE link_key IS NOT NULL;;

ALTER TABLE session ADD COLUMN source TEXT NOT NULL DEFAULT 'owner' CHECK (source IN ('owner', 'site'));;
ALTER TABLE session ADD COLUMN move_until_minutes INTEGER CHECK (move_until_minutes >= 0);;
ALTER TABLE session ADD COLUMN cancel_until_minutes INTEGER CHECK (cancel_until_minutes >= 0);;
ALTER TABLE session ADD COLUMN site_hold_minutes INTEGER CHECK (site_hold_minutes > 0);;
ALTER TABLE session ADD COLUMN wish TEXT;;
ALTER TABLE session ADD COLUMN visitor TEXT;;

-- The booking site: what was typed there, which is not what the studio knows of its client, and who may not book.
ALTER TABLE session ADD COLUMN booked_as TEXT;;
ALTER TABLE session ADD COLUMN booked_phone TEXT;;
ALTER TABLE session ADD COLUMN client_zone TEXT;;
CREATE INDEX session_from_the_site ON session (client_id, visitor) WHERE source = 'site' AND status IN ('pending', 'inquiry');;
CREATE TABLE blocked_visitor (
  id INTEGER PRIMARY KEY,
  what TEXT NOT NULL UNIQUE CHECK (length(what) BETWEEN 1 AND 320),
  created_at TEXT NOT NULL
) STRICT;;

ALTER TABLE session ADD COLUMN offered TEXT CHECK (offered IS NULL OR json_valid(offered));;
ALTER TABLE session ADD COLUMN kept_minor INTEGER CHECK (kept_minor >= 0);;
CREATE INDEX session_kept ON session (id) WHERE kept_minor IS NOT NULL;;
CREATE TRIGGER session_request_ends AFTER INSERT ON session
WHEN NEW.status = 'inquiry' AND NEW.holds_time AND NEW.expires_at IS NULL
BEGIN UPDATE session SET expires_at = min(NEW.starts_at, strftime('%Y-%m-%dT%H:%M:%SZ', NEW.created_at, '+7 days'))
  WHERE id = NEW.id; END
"""

# Somebody waits for a type: for any day (no days), or for those from the first to the last, as clocks in their zone show
# them. known are the times that they know to be free: ranges of starts, each [first, last]. When they were told is when
# the mails were written that name them. Of the link that ends it only the SHA-256 of its token is kept.
_WAITING = """
ALTER TABLE session_type ADD COLUMN waiting_list INTEGER NOT NULL DEFAULT 1 CHECK (waiting_list IN (0, 1));;
CREATE TABLE waiting (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  type_id INTEGER NOT NULL REFERENCES session_type (id),
  client_id INTEGER NOT NULL REFERENCES client (id),
  first_day TEXT CHECK (first_day IS date(first_day)),
  last_day TEXT CHECK (last_day IS date(last_day)),
  zone TEXT NOT NULL,
  name TEXT CHECK (length(name) BETWEEN 1 AND 200),
  language TEXT,
  visitor TEXT,
  known TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(known)),
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  left_at TEXT CHECK (left_at GLOB '????-??-??T??:??:??Z'),
  left_why TEXT CHECK (left_why IN ('booked', 'over', 'asked', 'removed')),
  CHECK ((first_day IS NULL) = (last_day IS NULL)),
  CHECK (first_day <= last_day),
  CHECK ((left_at IS NULL) = (left_why IS NULL))
) STRICT;;
CREATE UNIQUE INDEX waiting_once ON waiting (client_id, type_id, ifnull(first_day, ''), ifnull(last_day, ''))
WHERE left_at IS NULL;;
CREATE INDEX waiting_now ON waiting (type_id) WHERE left_at IS NULL;;
CREATE TRIGGER waiting_left_once BEFORE UPDATE OF left_at ON waiting
WHEN OLD.left_at IS NOT NULL AND NEW.left_at IS NOT OLD.left_at
BEGIN SELECT RAISE(ABORT, 'studio:append_only who has left the waiting list comes back as somebody new'); END;;
CREATE TABLE waiting_link (
  token_sha256 BLOB PRIMARY KEY CHECK (length(token_sha256) = 32),
  waiting_id INTEGER NOT NULL REFERENCES waiting (id),
  created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??Z')
) STRICT, WITHOUT ROWID;;
ALTER TABLE message ADD COLUMN waiting_id INTEGER REFERENCES waiting (id);;
CREATE INDEX message_of_waiting ON message (waiting_id) WHERE waiting_id IS NOT NULL
"""

# What is searched: a client's words, kept by triggers so that any writer keeps them. The index has its own copy: one
# that only points at the client would be damaged by a tool that replaces rows. Of a phone number there are its digits
# from each digit on, so that any run of three or more is the beginning of one of its words, however it is spaced.
# Accents: what unicode61 knows of them, and what the name without them says.
_SEARCH = """
CREATE VIRTUAL TABLE client_search USING fts5 (
  name, email, phone, notes, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);;
CREATE VIEW client_words AS
WITH RECURSIVE place (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM place WHERE n < 60)
SELECT id, name || ' ' || name_folded AS name, email,
  (SELECT group_concat(substr(digits, n), ' ') FROM place, (
    SELECT group_concat(mark, '') AS digits FROM (
      SELECT substr(client.phone, n, 1) AS mark FROM place WHERE n <= length(client.phone) ORDER BY n
    ) WHERE mark GLOB '[0-9]'
  ) WHERE n <= length(digits) - 2) AS phone,
  notes
FROM client;;
CREATE TRIGGER client_search_insert AFTER INSERT ON client
BEGIN
  DELETE FROM client_search WHERE rowid = NEW.id;
  INSERT INTO client_search (rowid, name, email, phone, notes)
  SELECT id, name, email, phone, notes FROM client_words WHERE id = NEW.id;
END;;
CREATE TRIGGER client_search_update AFTER UPDATE OF id, name, name_folded, email, phone, notes ON client
BEGIN
  DELETE FROM client_search WHERE rowid IN (OLD.id, NEW.id);
  INSERT INTO client_search (rowid, name, email, phone, notes)
  SELECT id, name, email, phone, notes FROM client_words WHERE id = NEW.id;
END;;
CREATE TRIGGER client_search_delete AFTER DELETE ON client
BEGIN DELETE FROM client_search WHERE rowid = OLD.id; END;;
INSERT INTO client_search (rowid, name, email, phone, notes)
SELECT id, name, email, phone, notes FROM client_words
"""
