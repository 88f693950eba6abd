//! CSV (RFC 4180), streamed row by row.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{ReportColumn, ReportFormat, ReportId, ReportSpec};
use futures::TryStreamExt;
use store::{ReportResult, User, Users};

use super::{Folder, GenerateError};

/// Rows are handed to the file in pieces of about this size, in bytes.
const PIECE: usize = 256 * 1024;
/// Tells a spreadsheet that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Writes a report and says what it came to.
pub(crate) async fn generate(
    users: &dyn Users,
    folder: &Folder,
    id: ReportId,
    spec: &ReportSpec,
    default_delimiter: u8,
) -> Result<ReportResult, GenerateError> {
    let mut rows = users.export_users(&spec.filters).await?;
    let mut file = folder.create(id, ReportFormat::Csv).await?;
    let delimiter = spec.options.delimiter_byte().ok().flatten().unwrap_or(default_delimiter);
    let mut lines = Lines::new(delimiter, spec);
    let mut record_count = 0;
    while let Some(user) = rows.try_next().await? {
        lines.push(&user);
        record_count += 1;
        if lines.len() >= PIECE {
            file.write(&lines.take()).await?;
        }
    }
    file.write(&lines.take()).await?;
    let complete = file.complete().await?;
    Ok(ReportResult::Done {
        record_count,
        file_path: complete.name,
        size_bytes: i64::try_from(complete.bytes).unwrap_or(i64::MAX),
        sha256: complete.sha256,
        generated_at: Utc::now(),
    })
}

/// Lines that wait to be written.
struct Lines<'a> {
    writer: csv::Writer<Vec<u8>>,
    builder: csv::WriterBuilder,
    spec: &'a ReportSpec,
    cell: String,
}

impl<'a> Lines<'a> {
    fn new(delimiter: u8, spec: &'a ReportSpec) -> Self {
        let mut builder = csv::WriterBuilder::new();
        builder.delimiter(delimiter).terminator(csv::Terminator::CRLF);
        let start =
            if spec.options.excel { BYTE_ORDER_MARK.as_bytes().to_vec() } else { Vec::new() };
        let mut writer = builder.from_writer(start);
        let header = spec.columns.iter().map(|c| c.as_str());
        writer.write_record(header).expect("a record into memory, the first of its length");
        Self { writer, builder, spec, cell: String::new() }
    }

    fn push(&mut self, user: &User) {
        for column in &self.spec.columns {
            self.cell.clear();
            write_cell(&mut self.cell, *column, user);
            if self.spec.options.excel && runs_as_formula(&self.cell) {
                self.cell.insert(0, '\'');
            }
            self.writer.write_field(&self.cell).expect("a field into memory");
        }
        self.writer.write_record(None::<&[u8]>).expect("a record of the header's length");
    }

    fn len(&self) -> usize {
        self.writer.get_ref().len()
    }

    fn take(&mut self) -> Vec<u8> {
        let empty = self.builder.from_writer(Vec::with_capacity(PIECE + 4096));
        std::mem::replace(&mut self.writer, empty).into_inner().expect("memory takes all of it")
    }
}

fn write_cell(cell: &mut String, column: ReportColumn, user: &User) {
    use std::fmt::Write;
    match column {
        ReportColumn::Id => {
            let _ = write!(cell, "{}", user.id);
        }
        ReportColumn::RegistrationId => {
            if let Some(id) = user.registration_id {
                let _ = write!(cell, "{id}");
            }
        }
        ReportColumn::Name => cell.push_str(&user.name),
        ReportColumn::Surname => cell.push_str(&user.surname),
        ReportColumn::Email => cell.push_str(&user.email),
        ReportColumn::CreatedAt => cell.push_str(&time(user.created_at)),
        ReportColumn::UpdatedAt => cell.push_str(&time(user.updated_at)),
        ReportColumn::ConfirmedAt => {
            cell.push_str(&user.confirmed_at.map(time).unwrap_or_default());
        }
    }
}

/// RFC 3339, UTC, in microseconds: every row has the same width.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Whether a spreadsheet would take a cell for a formula (OWASP, "CSV Injection"); full-width forms
/// count too.
fn runs_as_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use domain::{ReportOptions, UserFilter, UserId};

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

    fn text(excel: bool, names: &[&str]) -> String {
        let spec = ReportSpec {
            format: ReportFormat::Csv,
            filters: UserFilter::default(),
            columns: vec![ReportColumn::Id, ReportColumn::Name, ReportColumn::ConfirmedAt],
            options: ReportOptions { delimiter: None, excel },
        };
        let mut lines = Lines::new(b',', &spec);
        for name in names {
            lines.push(&user(name));
        }
        String::from_utf8(lines.take()).unwrap()
    }

    #[test]
    fn hostile_cells_are_quoted_and_read_back() {
        let names = ["a,b", "say \"hi\"", "two\r\nlines", "=1+1", "", "Ада", "🚀"];
        let text = text(false, &names);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let read: Vec<_> = reader.records().map(|r| r.unwrap()[1].to_owned()).collect();
        assert_eq!(read, names);
        assert!(text.starts_with("id,name,confirmed_at\r\n7,\"a,b\",\r\n"));
    }

    #[test]
    fn a_spreadsheet_runs_nothing() {
        let text = text(true, &["=1+1", "+1", "-1", "@x", "Ada", "＝1"]);
        assert_eq!(
            text,
            "\u{feff}id,name,confirmed_at\r\n7,'=1+1,\r\n7,'+1,\r\n7,'-1,\r\n7,'@x,\r\n7,Ada,\r\n7,'＝1,\r\n"
        );
    }

    #[test]
    fn an_empty_report_has_its_header() {
        assert_eq!(text(false, &[]), "id,name,confirmed_at\r\n");
    }
}
