-- The e-mails' texts, where they are not those that come with the program. Every version is kept.

CREATE TABLE templates (
    name       VARCHAR(50) NOT NULL,
    locale     VARCHAR(35) NOT NULL,
    -- The text that comes with the program is version 1.
    version    BIGINT NOT NULL CHECK (version > 1),
    subject    TEXT NOT NULL,
    text       TEXT NOT NULL,
    html       TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (name, locale, version)
);
