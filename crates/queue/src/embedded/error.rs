//! What `SQLite` says, in the words of [`QueueError`].

use crate::QueueError;

// Primary result codes: https://www.sqlite.org/rescode.html
const BUSY: i32 = 5;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    primary_code(error) == Some(BUSY)
}

pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    primary_code(error) == Some(FULL)
}

pub(super) fn unavailable(error: &rusqlite::Error) -> QueueError {
    let what = match primary_code(error) {
        Some(BUSY) => "another process keeps its file locked",
        Some(READONLY) => "its file cannot be written",
        Some(IOERR) => "the disk does not read or write its file",
        Some(CORRUPT) => "its file is damaged",
        Some(FULL) => "the disk is full",
        Some(CANTOPEN) => "its file cannot be opened",
        Some(NOTADB) => "its file is not a database",
        _ => return QueueError::Unavailable(error.to_string()),
    };
    QueueError::Unavailable(format!("{what} ({error})"))
}

pub(super) fn shut() -> QueueError {
    QueueError::Unavailable("it is shut".into())
}

fn primary_code(error: &rusqlite::Error) -> Option<i32> {
    Some(error.sqlite_error()?.extended_code & 0xff)
}
