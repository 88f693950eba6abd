-- Reports that are made again and again.

CREATE TABLE schedules (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule_id CHAR(36) NOT NULL UNIQUE,
    report_name VARCHAR(255) NOT NULL,
    cron        VARCHAR(255) NOT NULL,
    timezone    VARCHAR(64) NOT NULL,
    -- the report's format, filters, columns and options, as they were asked for, as JSON
    report      TEXT NOT NULL,
    -- addresses, as JSON
    deliver_to  TEXT NOT NULL,
    missed      VARCHAR(50) NOT NULL CHECK (missed IN ('once', 'skip')),
    enabled     BOOLEAN NOT NULL,
    created_by  VARCHAR(255),
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL,
    -- NULL where it is switched off, or never comes again
    next_run_at TIMESTAMP
);

CREATE INDEX schedules_due ON schedules (next_run_at) WHERE next_run_at IS NOT NULL;

-- The latest report of a schedule.
CREATE INDEX report_logs_by_schedule ON report_logs (schedule_id, id) WHERE schedule_id IS NOT NULL;
