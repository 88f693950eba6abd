-- Reports that were deleted. A request of one may still wait in a queue, and is not to bring it back.

CREATE TABLE deleted_reports (
    report_id  UUID NOT NULL PRIMARY KEY,
    deleted_at TIMESTAMPTZ NOT NULL
);
