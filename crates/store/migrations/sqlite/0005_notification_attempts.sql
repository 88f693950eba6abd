-- Every attempt at an e-mail with what the mail server said, and the addresses that it refused for good.

CREATE TABLE notification_attempts (
    notification_log_id BIGINT NOT NULL REFERENCES notification_logs (id) ON DELETE CASCADE,
    at                  TIMESTAMP NOT NULL,
    outcome             VARCHAR(50) NOT NULL CHECK (outcome IN ('sent', 'retrying', 'failed', 'unknown')),
    reply               TEXT NOT NULL,
    -- An attempt that is told twice is there once.
    PRIMARY KEY (notification_log_id, at)
) WITHOUT ROWID;

-- The last attempt was all that was kept of them.
INSERT INTO notification_attempts (notification_log_id, at, outcome, reply)
SELECT id, coalesce(last_attempt_at, sent_at),
       CASE status WHEN 'sent' THEN 'sent' WHEN 'failed' THEN 'failed' ELSE 'retrying' END,
       coalesce(last_reply, '')
FROM notification_logs
WHERE attempts > 0 AND coalesce(last_attempt_at, sent_at) IS NOT NULL;

ALTER TABLE notification_logs DROP COLUMN last_attempt_at;

-- Where an e-mail stands follows from the attempts at it. What was sent stays sent, and what failed for
-- good failed, unless it was sent after all: a sender that comes back after its claim was taken over tells
-- the truth about its own attempt, but not where the e-mail stands.
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

-- since when no e-mail is tried at the address, and what the mail server said
ALTER TABLE users ADD COLUMN undeliverable_at TIMESTAMP;
ALTER TABLE users ADD COLUMN undeliverable_reply TEXT;

-- That was said of an address, and is not true of another.
CREATE TRIGGER users_undeliverable
AFTER UPDATE OF email ON users
WHEN NEW.email <> OLD.email AND NEW.undeliverable_at IS NOT NULL
BEGIN
    UPDATE users SET undeliverable_at = NULL, undeliverable_reply = NULL WHERE id = NEW.id;
END;
