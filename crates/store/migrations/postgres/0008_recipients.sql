-- E-mails to addresses that are no user's, such as those that a report is delivered to.

ALTER TABLE notification_logs
    ALTER COLUMN user_id DROP NOT NULL,
    -- the address, where the e-mail belongs to no user
    ADD COLUMN recipient VARCHAR(255),
    -- what the e-mail speaks of beside the person, where that is anything
    ADD COLUMN context JSONB,
    ADD CONSTRAINT notification_logs_recipient CHECK ((user_id IS NULL) <> (recipient IS NULL));

-- As before, but that a row may belong to no user.
CREATE OR REPLACE FUNCTION notification_logs_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stray BIGINT;
BEGIN
    -- As in a rush: users that this very transaction adds, which nobody else can see.
    IF NOT EXISTS (
        SELECT FROM added a LEFT JOIN users u ON u.id = a.user_id
        WHERE a.user_id IS NOT NULL AND (u.id IS NULL OR u.xmin <> pg_current_xact_id()::xid)
    ) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM users u
    WHERE u.id IN (SELECT user_id FROM added) AND u.xmin <> pg_current_xact_id()::xid
    FOR KEY SHARE;
    SELECT user_id INTO stray FROM added a
    WHERE a.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users u WHERE u.id = a.user_id) LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = format('an e-mail must belong to a user, and there is no user %s', stray),
            TABLE = 'notification_logs', COLUMN = 'user_id';
    END IF;
    RETURN NULL;
END
$$;
