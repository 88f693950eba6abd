//! The rows of a CSV file, each judged by itself.

use std::fs::File;

use csv::{ByteRecord, Position};
use domain::{FieldError, Registration};

use wiring::Error;

/// The columns that a file must have.
const COLUMNS: [&str; 3] = ["name", "surname", "email"];

/// A row.
pub(super) enum Row {
    Valid(Registration),
    Invalid(InvalidRow),
}

/// A row that breaks a rule.
pub(super) struct InvalidRow {
    /// Where it starts, counted from 1 with the header.
    pub(super) line: u64,
    /// Its cells of [`COLUMNS`], as far as they are text.
    pub(super) cells: [String; 3],
    /// Every rule it breaks.
    pub(super) errors: Vec<FieldError>,
}

/// Reads a file row by row, in constant memory.
pub(super) struct Rows {
    reader: csv::Reader<File>,
    columns: [usize; 3],
    record: ByteRecord,
}

impl Rows {
    /// Reads the header.
    pub(super) fn open(file: File, delimiter: char) -> Result<Self, Error> {
        let delimiter = u8::try_from(delimiter)
            .map_err(|_| Error::new("the delimiter must be one ASCII character, such as , or ;"))?;
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
        let header = reader.byte_headers().map_err(unreadable)?.clone();
        let mut columns = [0; 3];
        for (index, wanted) in columns.iter_mut().zip(COLUMNS) {
            *index = header.iter().position(|cell| is_called(cell, wanted)).ok_or_else(|| {
                Error::new(format!(
                    "the first line names no column {wanted:?}. It must name name, surname and email; \
                     if the cells are not separated by {:?}, say how with --delimiter.",
                    char::from(delimiter)
                ))
            })?;
        }
        Ok(Self { reader, columns, record: ByteRecord::new() })
    }

    /// The next row; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Error> {
        if !self.reader.read_byte_record(&mut self.record).map_err(unreadable)? {
            return Ok(None);
        }
        let cell = |i: usize| self.record.get(i).unwrap_or_default();
        let [name, surname, email] = self.columns.map(cell);
        let utf8 = (str::from_utf8(name), str::from_utf8(surname), str::from_utf8(email));
        let result = match utf8 {
            (Ok(name), Ok(surname), Ok(email)) => Registration::parse(name, surname, email),
            _ => Err(vec![FieldError::new("row", "not_utf8", "The row is not UTF-8 text.")]),
        };
        Ok(Some(match result {
            Ok(person) => Row::Valid(person),
            Err(errors) => Row::Invalid(InvalidRow {
                line: self.record.position().map_or(0, Position::line),
                cells: [name, surname, email].map(|c| String::from_utf8_lossy(c).into_owned()),
                errors,
            }),
        }))
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.reader.position().byte()
    }
}

/// Whether a header cell is a column's name, whatever its case and the mark before the first one.
fn is_called(cell: &[u8], wanted: &str) -> bool {
    let text = String::from_utf8_lossy(cell);
    text.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(wanted)
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of a `map_err`")]
fn unreadable(error: csv::Error) -> Error {
    Error::new(format!("the file cannot be read as CSV: {error}"))
}
