//! The tables. One text for SQLite and PostgreSQL: columns are BIGINT (times in milliseconds since 1970), TEXT, DOUBLE PRECISION, BLOB alone.
//!
//! A migration that has been released is never changed; a new one is added behind it.

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use std::borrow::Cow;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "calls, events, audit", FIRST),
    (2, "what a restart goes on from", KEPT),
    (3, "how far the journal is applied, legal holds", JOURNAL),
    (4, "why an agent was chosen", DECISIONS),
    (5, "agents' intervals", INTERVALS),
    (6, "what calls are looked for by, what people write", SEARCH),
    (7, "the short numbers of recordings", NUMBERS),
    (8, "how well calls sounded", QUALITY),
];

/// `record` is the whole record as JSON; the columns beside it are what lists filter by.
const FIRST: &str = "
CREATE TABLE calls (
    id TEXT NOT NULL PRIMARY KEY,
    direction TEXT NOT NULL,
    caller TEXT NOT NULL,
    called TEXT NOT NULL,
    trunk TEXT,
    queue TEXT,
    agent TEXT,
    arrived_at BIGINT NOT NULL,
    answered_at BIGINT,
    connected_at BIGINT,
    released_at BIGINT,
    released_by TEXT,
    outcome TEXT,
    recording_state TEXT,
    recording_file TEXT,
    recording_ms BIGINT,
    recording_sha256 TEXT,
    record TEXT NOT NULL
);
CREATE INDEX calls_by_agent ON calls (agent, id);
CREATE INDEX calls_by_queue ON calls (queue, id);
CREATE INDEX calls_by_caller ON calls (caller, id);
CREATE INDEX calls_by_outcome ON calls (outcome, id);
CREATE INDEX calls_by_arrival ON calls (arrived_at);
CREATE INDEX calls_running ON calls (id) WHERE released_at IS NULL;
CREATE INDEX calls_by_recording ON calls (recording_state, id);

CREATE TABLE offers (
    call_id TEXT NOT NULL,
    n BIGINT NOT NULL,
    agent TEXT NOT NULL,
    alerted_at BIGINT NOT NULL,
    ended_at BIGINT,
    rings BIGINT NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (call_id, n)
);
CREATE INDEX offers_by_agent ON offers (agent, alerted_at);

CREATE TABLE holds (
    call_id TEXT NOT NULL,
    n BIGINT NOT NULL,
    held_by TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    reassured BIGINT NOT NULL,
    PRIMARY KEY (call_id, n)
);

CREATE TABLE events (
    seq BIGINT NOT NULL PRIMARY KEY,
    occurred_at BIGINT NOT NULL,
    name TEXT NOT NULL,
    call_id TEXT,
    agent TEXT,
    queue TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX events_by_call ON events (call_id, seq);
CREATE INDEX events_by_agent ON events (agent, seq);

CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    occurred_at BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    remote TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, id);
";

/// Images of the parts of the running switch (`switch::checkpoint`).
const KEPT: &str = "
CREATE TABLE kept (
    part TEXT NOT NULL PRIMARY KEY,
    image BLOB NOT NULL
);
";

/// Images stay in the journal alone, which carries them on. Nobody asks for events by agent, and an index costs a third of an event.
const JOURNAL: &str = "
CREATE TABLE journal (
    one BIGINT NOT NULL PRIMARY KEY,
    applied BIGINT NOT NULL
);
CREATE TABLE legal_holds (
    call_id TEXT NOT NULL PRIMARY KEY,
    hold TEXT NOT NULL
);
DROP TABLE kept;
DROP INDEX events_by_agent;
";

/// `place` is a decision's number, modulo those that are kept of a call.
const DECISIONS: &str = "
CREATE TABLE decisions (
    call_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    decision TEXT NOT NULL,
    PRIMARY KEY (call_id, place)
);
";

/// Reports ask by time: those that end after its beginning are found by the index, whatever their length.
const INTERVALS: &str = "
CREATE TABLE agent_intervals (
    agent TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    call_id TEXT,
    queue TEXT,
    PRIMARY KEY (agent, since_at)
);
CREATE INDEX agent_intervals_by_end ON agent_intervals (until_at);
";

/// `calls_found` has every column that a search filters by: it is walked in the order of ids, and only calls that are found are read. Indexes of
/// one column each were worse than none: they lead to a call's place in the table, and that is what takes the time. `broken` is NULL for
/// calls of before, until [`completed`](super::search). An agent's calls are those in which he had a part.
const SEARCH: &str = "
ALTER TABLE calls ADD COLUMN talk_ms BIGINT;
ALTER TABLE calls ADD COLUMN wait_ms BIGINT;
ALTER TABLE calls ADD COLUMN left_first TEXT;
ALTER TABLE calls ADD COLUMN broken BIGINT;
DROP INDEX calls_by_agent;
DROP INDEX calls_by_queue;
DROP INDEX calls_by_outcome;
CREATE INDEX calls_found ON calls (id, arrived_at, direction, caller, called, queue, outcome, recording_state, left_first, talk_ms, wait_ms, broken);
CREATE INDEX calls_of_before ON calls (id) WHERE broken IS NULL;
CREATE TABLE call_agents (
    agent TEXT NOT NULL,
    call_id TEXT NOT NULL,
    PRIMARY KEY (agent, call_id)
);
CREATE INDEX call_agents_by_call ON call_agents (call_id);
INSERT INTO call_agents (agent, call_id) SELECT agent, id FROM calls WHERE agent IS NOT NULL;
CREATE TABLE work (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    call_id TEXT,
    subject TEXT,
    who TEXT NOT NULL,
    at BIGINT NOT NULL,
    number DOUBLE PRECISION,
    words TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX work_by_call ON work (call_id, kind);
CREATE INDEX work_by_subject ON work (kind, subject, id);
CREATE INDEX work_by_number ON work (kind, number, call_id);
";

/// Counted from 0 in the order of the calls; how a number is keyed is `base::ReplayNumber`'s.
const NUMBERS: &str = "
CREATE TABLE recording_numbers (
    number BIGINT NOT NULL PRIMARY KEY,
    call_id TEXT NOT NULL
);
CREATE UNIQUE INDEX recording_numbers_by_call ON recording_numbers (call_id);
INSERT INTO recording_numbers (number, call_id) SELECT ROW_NUMBER() OVER (ORDER BY id) - 1, id FROM calls WHERE recording_state IS NOT NULL;
";

/// `mos_min` is in hundredths, of the worst leg in its worst minute; it has its place in the index of all that is searched by.
const QUALITY: &str = "
ALTER TABLE calls ADD COLUMN mos_min BIGINT;
DROP INDEX calls_found;
CREATE INDEX calls_found ON calls (id, arrived_at, direction, caller, called, queue, outcome, recording_state, left_first, talk_ms, wait_ms, broken, mos_min);
";

pub(super) fn migrator() -> Migrator {
    Migrator::with_migrations(
        MIGRATIONS
            .iter()
            .map(|(version, description, sql)| {
                Migration::new(*version, Cow::Borrowed(*description), MigrationType::Simple, SqlStr::from_static(sql), false)
            })
            .collect(),
    )
}
