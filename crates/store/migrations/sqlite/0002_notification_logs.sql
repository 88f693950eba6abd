-- The log of e-mails, and the claims that keep each from being sent twice.

CREATE TABLE notification_logs (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    notification_id   CHAR(36) NOT NULL UNIQUE DEFAULT (
        format('%s-%s-%s-%s-%s', lower(hex(randomblob(4))), lower(hex(randomblob(2))),
               lower(hex(randomblob(2))), lower(hex(randomblob(2))), lower(hex(randomblob(6))))
    ),
    user_id           BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    notification_type VARCHAR(50) NOT NULL CHECK (length(notification_type) <= 50),
    status            VARCHAR(50) NOT NULL DEFAULT 'queued'
                      CHECK (status IN ('queued', 'sending', 'sent', 'retrying', 'failed')),
    locale            VARCHAR(35),
    attempts          INTEGER NOT NULL DEFAULT 0,
    last_reply        TEXT,
    created_at        TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    sent_at           TIMESTAMP,
    failed_at         TIMESTAMP,
    -- tells a repeated record of an attempt from a second attempt
    last_attempt_at   TIMESTAMP,
    claimed_by        CHAR(36),
    claimed_until     TIMESTAMP
);

CREATE INDEX notification_logs_user_id ON notification_logs (user_id);
CREATE INDEX notification_logs_status ON notification_logs (status);
