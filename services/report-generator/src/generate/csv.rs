//! CSV (RFC 4180).

use std::io::{self, Write};

use domain::ReportSpec;
use store::User;

use super::{
    Table, WriteError,
    cell::{Cell, push_time, runs_as_formula},
    folder::Partial,
};

/// Tells a spreadsheet that the file is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A CSV file in the making.
pub(super) struct Csv<'a> {
    writer: ::csv::Writer<Partial>,
    spec: &'a ReportSpec,
    cell: Vec<u8>,
}

impl<'a> Csv<'a> {
    pub(super) fn new(
        mut file: Partial,
        spec: &'a ReportSpec,
        default_delimiter: u8,
    ) -> Result<Self, WriteError> {
        let options = &spec.options;
        if options.excel {
            file.write_all(BYTE_ORDER_MARK)?;
        }
        let delimiter = options.delimiter_byte().ok().flatten().unwrap_or(default_delimiter);
        let mut writer = ::csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(::csv::Terminator::CRLF)
            .buffer_capacity(64 * 1024)
            .from_writer(file);
        if options.header {
            writer.write_record(spec.columns.iter().map(|c| c.as_str())).map_err(plain)?;
        }
        Ok(Self { writer, spec, cell: Vec::new() })
    }
}

impl Table for Csv<'_> {
    fn push(&mut self, user: &User) -> Result<(), WriteError> {
        for column in &self.spec.columns {
            match Cell::of(user, *column) {
                Cell::Text(text) if self.spec.options.excel && runs_as_formula(&text) => {
                    self.cell.clear();
                    self.cell.push(b'\'');
                    self.cell.extend_from_slice(text.as_bytes());
                    self.writer.write_field(&self.cell)
                }
                Cell::Text(text) => self.writer.write_field(text.as_bytes()),
                Cell::Number(number) => {
                    self.cell.clear();
                    write!(self.cell, "{number}")?;
                    self.writer.write_field(&self.cell)
                }
                Cell::Time(at) => {
                    self.cell.clear();
                    push_time(&mut self.cell, at, self.spec.options.zone());
                    self.writer.write_field(&self.cell)
                }
                Cell::Empty => self.writer.write_field(b""),
            }
            .map_err(plain)?;
        }
        Ok(self.writer.write_record(None::<&[u8]>).map_err(plain)?)
    }

    fn finish(self: Box<Self>) -> Result<Partial, WriteError> {
        Ok(self.writer.into_inner().map_err(::csv::IntoInnerError::into_error)?)
    }
}

/// What went wrong below the writer.
fn plain(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{ReportColumn, ReportFormat, ReportOptions, UserFilter, UserId};

    use super::*;

    fn user(name: &str) -> User {
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        User {
            id: UserId(7),
            registration_id: None,
            name: name.into(),
            surname: "L".into(),
            email: "ada@example.com".into(),
            created_at: at,
            updated_at: at,
            confirmed_at: None,
        }
    }

    fn text(options: ReportOptions, names: &[&str]) -> String {
        let spec = ReportSpec {
            format: ReportFormat::Csv,
            filters: UserFilter::default(),
            columns: vec![ReportColumn::Id, ReportColumn::Name, ReportColumn::ConfirmedAt],
            options,
            deliver_to: Vec::new(),
        };
        let dir = tempfile::tempdir().unwrap();
        let file = super::super::Folder::open(dir.path()).unwrap().create().unwrap();
        let mut table = Box::new(Csv::new(file, &spec, b',').unwrap());
        for name in names {
            table.push(&user(name)).unwrap();
        }
        String::from_utf8(table.finish().unwrap().read_back().unwrap()).unwrap()
    }

    #[test]
    fn hostile_cells_are_quoted_and_read_back() {
        let names = ["a,b", "say \"hi\"", "two\r\nlines", "=1+1", "", "Ада", "🚀"];
        let text = text(ReportOptions::default(), &names);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let read: Vec<_> = reader.records().map(|r| r.unwrap()[1].to_owned()).collect();
        assert_eq!(read, names);
        assert!(text.starts_with("id,name,confirmed_at\r\n7,\"a,b\",\r\n"));
    }

    #[test]
    fn a_spreadsheet_runs_nothing() {
        let excel = ReportOptions { excel: true, ..ReportOptions::default() };
        let text = text(excel, &["=1+1", "+1", "-1", "@x", "Ada", "＝1"]);
        assert_eq!(
            text,
            "\u{feff}id,name,confirmed_at\r\n7,'=1+1,\r\n7,'+1,\r\n7,'-1,\r\n7,'@x,\r\n7,Ada,\r\n7,'＝1,\r\n"
        );
    }

    #[test]
    fn an_empty_report_has_its_header_unless_none_is_wanted() {
        assert_eq!(text(ReportOptions::default(), &[]), "id,name,confirmed_at\r\n");
        let bare = ReportOptions { header: false, ..ReportOptions::default() };
        assert_eq!(text(bare.clone(), &[]), "");
        assert_eq!(text(bare, &["Ada"]), "7,Ada,\r\n");
    }
}
