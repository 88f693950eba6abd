-- Reports that were deleted. A request of one may still wait in a queue, and is not to bring it back.

CREATE TABLE deleted_reports (
    report_id  CHAR(36) NOT NULL PRIMARY KEY,
    deleted_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
