//! The file of refused rows: what to mend, and then import.

use std::{fs::File, path::PathBuf};

use super::rows::InvalidRow;
use wiring::Error;

/// Rows that were refused. The file is made at the first of them.
pub(super) struct Refused {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
    count: u64,
}

impl Refused {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, writer: None, count: 0 }
    }

    /// Adds a row with everything that is wrong with it. The cells keep the names that an import
    /// looks for: the file can be mended and imported itself.
    pub(super) fn add(&mut self, row: &InvalidRow) -> Result<(), Error> {
        let reasons: Vec<_> = row.errors.iter().map(|e| e.message.as_str()).collect();
        let codes: Vec<_> = row.errors.iter().map(|e| format!("{}.{}", e.field, e.code)).collect();
        let [name, surname, email] = &row.cells;
        let line = row.line.to_string();
        let record = [&line, name, surname, email, &codes.join(" "), &reasons.join(" ")];
        self.count += 1;
        self.writer()?.write_record(record).map_err(unwritable)
    }

    /// How many there were, and where they are.
    pub(super) fn finish(self) -> Result<Option<(u64, PathBuf)>, Error> {
        match self.writer {
            Some(mut writer) => {
                writer.flush().map_err(|e| unwritable(e.into()))?;
                Ok(Some((self.count, self.path)))
            }
            None => Ok(None),
        }
    }

    fn writer(&mut self) -> Result<&mut csv::Writer<File>, Error> {
        if self.writer.is_none() {
            let file = runtime::files::private().create(true).truncate(true).open(&self.path);
            let file = file.map_err(|e| unwritable(e.into()))?;
            let mut writer = csv::Writer::from_writer(file);
            let header = ["line", "name", "surname", "email", "codes", "reasons"];
            writer.write_record(header).map_err(unwritable)?;
            self.writer = Some(writer);
        }
        Ok(self.writer.as_mut().expect("it was made above"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of a `map_err`")]
fn unwritable(error: csv::Error) -> Error {
    Error::new(format!(
        "the file of refused rows cannot be written: {error}. Choose another with --errors."
    ))
}
