-- The log of reports, and the claims that keep each from being generated twice at a time.

CREATE TABLE report_logs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    report_id     CHAR(36) NOT NULL UNIQUE DEFAULT (
        format('%s-%s-%s-%s-%s', lower(hex(randomblob(4))), lower(hex(randomblob(2))),
               lower(hex(randomblob(2))), lower(hex(randomblob(2))), lower(hex(randomblob(6))))
    ),
    report_name   VARCHAR(255) NOT NULL CHECK (length(report_name) <= 255),
    format        VARCHAR(50) NOT NULL DEFAULT 'csv' CHECK (length(format) <= 50),
    status        VARCHAR(50) NOT NULL DEFAULT 'queued'
                  CHECK (status IN ('queued', 'running', 'done', 'failed')),
    -- the filters by themselves, and the request with them in it, as JSON
    filters       TEXT,
    request       TEXT,
    record_count  BIGINT,
    file_path     VARCHAR(500),
    size_bytes    BIGINT,
    sha256        CHAR(64),
    requested_by  VARCHAR(255),
    requested_at  TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    generated_at  TIMESTAMP,
    error         TEXT,
    schedule_id   CHAR(36),
    claimed_by    CHAR(36),
    claimed_until TIMESTAMP
);

CREATE INDEX report_logs_status ON report_logs (status);
