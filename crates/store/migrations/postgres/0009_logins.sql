-- Accounts that people look after, and logins that are slowed down.

ALTER TABLE accounts ADD COLUMN last_login_at TIMESTAMPTZ;

-- Logins that have failed, by whom they are counted against.
CREATE TABLE failed_logins (
    -- a hash: nothing here says whose account it is, or from where
    subject       VARCHAR(64) NOT NULL PRIMARY KEY,
    failures      BIGINT NOT NULL,
    -- NULL while failures are free
    blocked_until TIMESTAMPTZ,
    last_at       TIMESTAMPTZ NOT NULL
);

CREATE INDEX failed_logins_last_at ON failed_logins (last_at);
