//! JSON lines: one object a row, its fields in the order of the columns.

use std::io::{BufWriter, Write};

use domain::ReportSpec;
use store::User;

use super::{
    Table, WriteError,
    cell::{Cell, push_time},
    folder::Partial,
};

/// A file of JSON lines in the making.
pub(super) struct Ndjson<'a> {
    writer: BufWriter<Partial>,
    spec: &'a ReportSpec,
    line: Vec<u8>,
}

impl<'a> Ndjson<'a> {
    pub(super) fn new(file: Partial, spec: &'a ReportSpec) -> Self {
        Self { writer: BufWriter::with_capacity(64 * 1024, file), spec, line: Vec::new() }
    }
}

impl Table for Ndjson<'_> {
    fn push(&mut self, user: &User) -> Result<(), WriteError> {
        let line = &mut self.line;
        line.clear();
        for (n, column) in self.spec.columns.iter().enumerate() {
            line.push(if n == 0 { b'{' } else { b',' });
            write!(line, "\"{}\":", column.as_str())?;
            match Cell::of(user, *column) {
                Cell::Text(text) => {
                    serde_json::to_writer(&mut *line, &text).map_err(std::io::Error::from)?;
                }
                Cell::Number(number) => write!(line, "{number}")?,
                Cell::Time(at) => {
                    line.push(b'"');
                    push_time(line, at, self.spec.options.zone());
                    line.push(b'"');
                }
                Cell::Empty => line.extend_from_slice(b"null"),
            }
        }
        line.extend_from_slice(b"}\n");
        Ok(self.writer.write_all(line)?)
    }

    fn finish(self: Box<Self>) -> Result<Partial, WriteError> {
        Ok(self.writer.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}
