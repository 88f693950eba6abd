-- Every attempt at an e-mail with what the mail server said, and the addresses that it refused for good.

CREATE TABLE notification_attempts (
    -- The e-mail, whose deletion takes this row along. It is no foreign key, which would look every row up
    -- once more: the store writes this table alone, for e-mails that it has just locked.
    notification_log_id BIGINT NOT NULL,
    at                  TIMESTAMPTZ NOT NULL,
    outcome             VARCHAR(50) NOT NULL CHECK (outcome IN ('sent', 'retrying', 'failed', 'unknown')),
    reply               TEXT NOT NULL,
    -- An attempt that is told twice is there once.
    PRIMARY KEY (notification_log_id, at)
);

-- The last attempt was all that was kept of them.
INSERT INTO notification_attempts (notification_log_id, at, outcome, reply)
SELECT id, coalesce(last_attempt_at, sent_at),
       CASE status WHEN 'sent' THEN 'sent' WHEN 'failed' THEN 'failed' ELSE 'retrying' END,
       coalesce(last_reply, '')
FROM notification_logs
WHERE attempts > 0 AND coalesce(last_attempt_at, sent_at) IS NOT NULL;

ALTER TABLE notification_logs DROP COLUMN last_attempt_at;

CREATE FUNCTION notification_logs_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM notification_attempts WHERE notification_log_id = OLD.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER notification_logs_attempts
AFTER DELETE ON notification_logs
FOR EACH ROW EXECUTE FUNCTION notification_logs_attempts();

ALTER TABLE users
    -- since when no e-mail is tried at the address, and what the mail server said
    ADD COLUMN undeliverable_at TIMESTAMPTZ,
    ADD COLUMN undeliverable_reply TEXT;

-- That was said of an address, and is not true of another.
CREATE FUNCTION users_undeliverable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF lower(NEW.email COLLATE "C") <> lower(OLD.email COLLATE "C") THEN
        NEW.undeliverable_at := NULL;
        NEW.undeliverable_reply := NULL;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER users_undeliverable
BEFORE UPDATE OF email ON users
FOR EACH ROW EXECUTE FUNCTION users_undeliverable();
