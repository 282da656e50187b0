"""What the clearinghouse remembers, in SQLite: files in and out, claims, planned work, members' totals, takebacks."""

TABLES = """
CREATE TABLE IF NOT EXISTS submission (
  id INTEGER PRIMARY KEY, submitter TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, body BLOB NOT NULL,
  received_at TEXT NOT NULL, UNIQUE (submitter, name)
);
CREATE TABLE IF NOT EXISTS interchange (
  submitter TEXT, control TEXT, PRIMARY KEY (submitter, control)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbound (
  cursor INTEGER PRIMARY KEY AUTOINCREMENT, submitter TEXT NOT NULL, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  sha256 TEXT NOT NULL, body BLOB NOT NULL, appeared_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS claim (
  id INTEGER PRIMARY KEY, submitter TEXT NOT NULL, submitter_name TEXT NOT NULL, submission INTEGER NOT NULL,
  payer TEXT NOT NULL, number TEXT NOT NULL, member TEXT NOT NULL, first_date TEXT NOT NULL, received_at TEXT NOT NULL,
  batch TEXT NOT NULL, state TEXT NOT NULL, control_number TEXT NOT NULL DEFAULT '', nth INTEGER NOT NULL,
  body TEXT NOT NULL, status TEXT NOT NULL DEFAULT '', decision TEXT, paid_at TEXT, trace TEXT NOT NULL DEFAULT '',
  crossover INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS claim_batch ON claim (submission, payer, batch);
CREATE INDEX IF NOT EXISTS claim_duplicate ON claim (payer, member, first_date);
CREATE INDEX IF NOT EXISTS claim_control_number ON claim (payer, control_number);
CREATE INDEX IF NOT EXISTS claim_number ON claim (number);
CREATE TABLE IF NOT EXISTS due (id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS due_at ON due (at, id);
CREATE UNIQUE INDEX IF NOT EXISTS due_payment ON due (at, detail) WHERE kind = 'payment_run';
CREATE TABLE IF NOT EXISTS payable (
  id INTEGER PRIMARY KEY, payer TEXT NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL, claim INTEGER NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payable_day ON payable (payer, day, id);
CREATE TABLE IF NOT EXISTS member_year (
  payer TEXT, member TEXT, year TEXT, deductible INTEGER NOT NULL, cost_share INTEGER NOT NULL,
  PRIMARY KEY (payer, member, year)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plan (
  person TEXT, payer TEXT, member TEXT, PRIMARY KEY (person, payer, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS takeback (
  id INTEGER PRIMARY KEY, payer TEXT NOT NULL, payee TEXT NOT NULL, reason TEXT NOT NULL, reference TEXT NOT NULL,
  outstanding INTEGER NOT NULL, available_on TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS payment_set (
  id INTEGER PRIMARY KEY, payer TEXT NOT NULL, payee TEXT NOT NULL, submitter TEXT NOT NULL, trace TEXT NOT NULL,
  file TEXT NOT NULL, bpr02 INTEGER NOT NULL, clp04_sum INTEGER NOT NULL, plb_sum INTEGER NOT NULL,
  claims INTEGER NOT NULL, day TEXT NOT NULL
);
"""
