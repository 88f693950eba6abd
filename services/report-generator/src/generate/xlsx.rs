//! XLSX, written row by row: finished rows wait in a file without a name, not in memory.

use std::{io, mem};

use domain::{ReportColumn, ReportSpec};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use store::User;

use super::{
    Table, WriteError,
    cell::{Cell, runs_as_formula},
    folder::Partial,
};

/// Rows of one sheet, its header included; no spreadsheet takes more.
const SHEET_ROWS: u32 = 1_048_576;

/// A workbook in the making.
pub(super) struct Xlsx<'a> {
    file: Partial,
    spec: &'a ReportSpec,
    workbook: Workbook,
    formats: Formats,
    sheets: usize,
    sheet_rows: u32,
    /// The row to write next, in the last sheet.
    next: u32,
}

struct Formats {
    header: Format,
    time: Format,
    /// For a text that a spreadsheet would run if it were typed again.
    text_only: Format,
}

impl<'a> Xlsx<'a> {
    pub(super) fn new(file: Partial, spec: &'a ReportSpec) -> Result<Self, WriteError> {
        Self::with_sheets_of(SHEET_ROWS, file, spec)
    }

    fn with_sheets_of(
        sheet_rows: u32,
        file: Partial,
        spec: &'a ReportSpec,
    ) -> Result<Self, WriteError> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(file.folder()).map_err(plain)?;
        let formats = Formats {
            header: Format::new().set_bold(),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            text_only: Format::new().set_quote_prefix(),
        };
        let mut xlsx = Self { file, spec, workbook, formats, sheets: 0, sheet_rows, next: 0 };
        xlsx.add_sheet()?;
        Ok(xlsx)
    }

    fn add_sheet(&mut self) -> Result<(), WriteError> {
        self.sheets += 1;
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(plain)?;
        let number = self.sheets;
        let name = if number == 1 { "Report".to_owned() } else { format!("Report {number}") };
        sheet.set_name(name).map_err(plain)?;
        for (n, column) in (0_u16..).zip(&self.spec.columns) {
            sheet.set_column_width(n, width(*column)).map_err(plain)?;
        }
        self.next = 0;
        if self.spec.options.header {
            sheet.set_freeze_panes(1, 0).map_err(plain)?;
            for (n, column) in (0_u16..).zip(&self.spec.columns) {
                let format = &self.formats.header;
                sheet.write_string_with_format(0, n, column.as_str(), format).map_err(plain)?;
            }
            self.next = 1;
        }
        Ok(())
    }
}

impl Table for Xlsx<'_> {
    fn push(&mut self, user: &User) -> Result<(), WriteError> {
        if self.next == self.sheet_rows {
            self.add_sheet()?;
        }
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1).map_err(plain)?;
        let zone = self.spec.options.zone();
        for (n, column) in (0_u16..).zip(&self.spec.columns) {
            let row = self.next;
            match Cell::of(user, *column) {
                Cell::Text(text) if runs_as_formula(&text) => {
                    sheet.write_string_with_format(row, n, text, &self.formats.text_only)
                }
                Cell::Text(text) => sheet.write_string(row, n, text),
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a spreadsheet has no other numbers"
                )]
                Cell::Number(number) => sheet.write_number(row, n, number as f64),
                Cell::Time(at) => {
                    let local = at.with_timezone(&zone).naive_local();
                    sheet.write_datetime_with_format(row, n, local, &self.formats.time)
                }
                Cell::Empty => continue,
            }
            .map_err(plain)?;
        }
        self.next += 1;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Partial, WriteError> {
        let mut workbook = mem::take(&mut self.workbook);
        workbook.save_to_writer(&mut self.file).map_err(plain)?;
        Ok(self.file)
    }
}

/// The width of a column, in characters.
fn width(column: ReportColumn) -> f64 {
    match column {
        ReportColumn::Id => 10.0,
        ReportColumn::RegistrationId => 38.0,
        ReportColumn::Name | ReportColumn::Surname => 22.0,
        ReportColumn::Email => 34.0,
        ReportColumn::CreatedAt | ReportColumn::UpdatedAt | ReportColumn::ConfirmedAt => 20.0,
    }
}

/// What went wrong below the workbook.
fn plain(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        XlsxError::ZipError(error) => error.into(),
        other => io::Error::other(other),
    }
}
