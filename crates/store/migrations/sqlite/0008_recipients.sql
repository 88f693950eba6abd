-- E-mails to addresses that are no user's, such as those that a report is delivered to. SQLite lets a column be
-- empty only in a new table: this is the log as it was, under another name until its rows have moved.

ALTER TABLE notification_logs RENAME TO old_notification_logs;
ALTER TABLE notification_attempts RENAME TO old_notification_attempts;
DROP TRIGGER notification_attempts_made;
DROP INDEX notification_logs_user_id;
DROP INDEX notification_logs_status;

CREATE TABLE notification_logs (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    notification_id   CHAR(36) NOT NULL UNIQUE DEFAULT (
        format('%s-%s-%s-%s-%s', lower(hex(randomblob(4))), lower(hex(randomblob(2))),
               lower(hex(randomblob(2))), lower(hex(randomblob(2))), lower(hex(randomblob(6))))
    ),
    user_id           BIGINT REFERENCES users (id) ON DELETE CASCADE,
    -- the address, where the e-mail belongs to no user
    recipient         VARCHAR(255),
    notification_type VARCHAR(50) NOT NULL CHECK (length(notification_type) <= 50),
    status            VARCHAR(50) NOT NULL DEFAULT 'queued'
                      CHECK (status IN ('queued', 'sending', 'sent', 'retrying', 'failed')),
    locale            VARCHAR(35),
    -- what the e-mail speaks of beside the person, where that is anything, as JSON
    context           TEXT,
    attempts          INTEGER NOT NULL DEFAULT 0,
    last_reply        TEXT,
    created_at        TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    sent_at           TIMESTAMP,
    failed_at         TIMESTAMP,
    claimed_by        CHAR(36),
    claimed_until     TIMESTAMP,
    CHECK ((user_id IS NULL) <> (recipient IS NULL))
);

INSERT INTO notification_logs
    (id, notification_id, user_id, notification_type, status, locale, attempts, last_reply, created_at, sent_at,
     failed_at, claimed_by, claimed_until)
SELECT id, notification_id, user_id, notification_type, status, locale, attempts, last_reply, created_at, sent_at,
       failed_at, claimed_by, claimed_until
FROM old_notification_logs;

-- An id is never given again, those of deleted rows included.
DELETE FROM sqlite_sequence WHERE name = 'notification_logs';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'notification_logs', seq FROM sqlite_sequence WHERE name = 'old_notification_logs';

CREATE INDEX notification_logs_user_id ON notification_logs (user_id);
CREATE INDEX notification_logs_status ON notification_logs (status);

CREATE TABLE notification_attempts (
    notification_log_id BIGINT NOT NULL REFERENCES notification_logs (id) ON DELETE CASCADE,
    at                  TIMESTAMP NOT NULL,
    outcome             VARCHAR(50) NOT NULL CHECK (outcome IN ('sent', 'retrying', 'failed', 'unknown')),
    reply               TEXT NOT NULL,
    -- An attempt that is told twice is there once.
    PRIMARY KEY (notification_log_id, at)
) WITHOUT ROWID;

INSERT INTO notification_attempts (notification_log_id, at, outcome, reply)
SELECT notification_log_id, at, outcome, reply FROM old_notification_attempts;

DROP TABLE old_notification_attempts;
DROP TABLE old_notification_logs;

-- Where an e-mail stands follows from the attempts at it, as 0005 says.
CREATE TRIGGER notification_attempts_made
AFTER INSERT ON notification_attempts
BEGIN
    UPDATE notification_logs
    SET attempts = attempts + 1,
        last_reply = CASE WHEN status = 'sent' THEN last_reply ELSE NEW.reply END,
        sent_at = CASE WHEN status <> 'sent' AND NEW.outcome = 'sent' THEN NEW.at ELSE sent_at END,
        failed_at = CASE
            WHEN NEW.outcome = 'sent' THEN NULL
            WHEN status NOT IN ('sent', 'failed') AND NEW.outcome = 'failed' THEN NEW.at
            ELSE failed_at END,
        status = CASE
            WHEN status = 'sent' OR (status = 'failed' AND NEW.outcome <> 'sent') THEN status
            WHEN NEW.outcome = 'unknown' THEN 'retrying'
            ELSE NEW.outcome END,
        claimed_until = NULL,
        claimed_by = NULL
    WHERE id = NEW.notification_log_id;
END;
