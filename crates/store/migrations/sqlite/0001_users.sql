-- People, and the ledger that makes recording a registration idempotent.
--
-- Times are UTC texts of one width, 2026-01-02T03:04:05.123456Z, so that their order as text is
-- their order in time. UUIDs are lower-case hyphenated texts. INTEGER PRIMARY KEY is SQLite's BIGINT
-- identity; AUTOINCREMENT never gives the id of a deleted row to another.
--
-- Every column that another program may leave out has a default.

CREATE TABLE users (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    registration_id CHAR(36) UNIQUE,
    name            VARCHAR(100) NOT NULL CHECK (length(name) <= 100),
    surname         VARCHAR(100) NOT NULL CHECK (length(surname) <= 100),
    email           VARCHAR(255) NOT NULL UNIQUE COLLATE NOCASE CHECK (length(email) <= 255),
    created_at      TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at      TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    confirmed_at    TIMESTAMP,
    -- name, surname and address, folded to one letter case by the store; NULL where another program
    -- wrote the row, until the store is opened the next time
    search          TEXT
);

CREATE INDEX users_created_at ON users (created_at);
CREATE INDEX users_confirmed ON users ((confirmed_at IS NOT NULL));
CREATE INDEX users_unfolded ON users (id) WHERE search IS NULL;

-- updated_at grows with every update, one by hand and one under a clock that was set back too.
CREATE TRIGGER users_updated_at
AFTER UPDATE OF registration_id, name, surname, email, created_at, updated_at, confirmed_at ON users
WHEN NEW.updated_at <= OLD.updated_at
BEGIN
    UPDATE users
    SET updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        -- one microsecond after the old time
        coalesce(
            strftime(
                '%Y-%m-%dT%H:%M:%S',
                substr(OLD.updated_at, 1, 19),
                ((CAST(substr(OLD.updated_at, 21, 6) AS INTEGER) + 1) / 1000000) || ' seconds'
            ) || format('.%06dZ', (CAST(substr(OLD.updated_at, 21, 6) AS INTEGER) + 1) % 1000000),
            ''
        )
    )
    WHERE id = NEW.id;
END;

-- A text that was folded from other values is worse than none.
CREATE TRIGGER users_search
AFTER UPDATE OF name, surname, email ON users
WHEN NEW.search IS OLD.search
BEGIN
    UPDATE users SET search = NULL WHERE id = NEW.id;
END;

CREATE TABLE registrations (
    registration_id CHAR(36) NOT NULL PRIMARY KEY,
    user_id         BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- as it was submitted: the user's own may change
    email           VARCHAR(255) NOT NULL COLLATE NOCASE,
    outcome         VARCHAR(50) NOT NULL CHECK (outcome IN ('created', 'duplicate')),
    -- NULL where the limit per address withheld the e-mail
    notification_id CHAR(36),
    locale          VARCHAR(35),
    submitted_at    TIMESTAMP NOT NULL,
    stored_at       TIMESTAMP NOT NULL
) WITHOUT ROWID;

CREATE INDEX registrations_user_id ON registrations (user_id);
