//! PDF: a table to print, with its title, filters and page numbers.
//!
//! A document is held in memory until it is complete, so that its rows are limited.

mod text;

use std::io::Write;

use chrono::{DateTime, Utc};
use domain::{ReportColumn, UserFilter};
use krilla::{
    Document,
    color::rgb,
    geom::{PathBuilder, Rect},
    metadata::Metadata,
    page::PageSettings,
    paint::Fill,
    surface::Surface,
};
use store::User;

use self::text::{Fonts, Weight};
use super::{Table, Task, WriteError, cell::Cell, folder::Partial};

/// Rows that a document may have.
const MAX_ROWS: usize = 10_000;

/// A4, lying. Lengths are in points.
const PAGE: (f32, f32) = (841.89, 595.28);
const MARGIN: f32 = 36.0;
const ROW: f32 = 15.0;
const TEXT: f32 = 8.5;
const TITLE: f32 = 16.0;
/// Between two columns.
const GAP: f32 = 8.0;
const INK: [u8; 3] = [0x17, 0x18, 0x1a];
const FADED: [u8; 3] = [0x5a, 0x5d, 0x63];
const RULE: [u8; 3] = [0xe4, 0xe4, 0xe1];

/// A document in the making.
pub(super) struct Pdf<'a> {
    file: Partial,
    task: &'a Task,
    taken_at: DateTime<Utc>,
    rows: Vec<Vec<String>>,
    max_rows: usize,
}

impl<'a> Pdf<'a> {
    pub(super) fn new(file: Partial, task: &'a Task, taken_at: DateTime<Utc>) -> Self {
        Self { file, task, taken_at, rows: Vec::new(), max_rows: MAX_ROWS }
    }

    fn cell(&self, user: &User, column: ReportColumn) -> String {
        match Cell::of(user, column) {
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => text.into_owned(),
            Cell::Time(at) => self.time(at),
            Cell::Empty => String::new(),
        }
    }

    fn time(&self, at: DateTime<Utc>) -> String {
        let zone = self.task.spec.options.zone();
        at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string()
    }
}

impl Table for Pdf<'_> {
    fn push(&mut self, user: &User) -> Result<(), WriteError> {
        if self.rows.len() == self.max_rows {
            return Err(WriteError::Refused(format!(
                "A PDF holds at most {} rows, and this report has more. Narrow its filters, or ask for \
                 csv, xlsx or ndjson.",
                self.max_rows
            )));
        }
        let columns = &self.task.spec.columns;
        let row = columns.iter().map(|column| self.cell(user, *column)).collect();
        self.rows.push(row);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Partial, WriteError> {
        let document = self.document();
        self.file.write_all(&document.map_err(WriteError::Refused)?)?;
        Ok(self.file)
    }
}

/// Where a column lies.
struct Place {
    x: f32,
    width: f32,
}

impl Pdf<'_> {
    fn document(&self) -> Result<Vec<u8>, String> {
        let mut fonts = Fonts::new();
        let mut document = Document::new();
        document.set_metadata(Metadata::new().title(self.task.name.clone()));
        let places = places(&self.task.spec.columns);
        let (first, others) = (rows_from(self.top_of_first()), rows_from(MARGIN));
        let pages = 1 + self.rows.len().saturating_sub(first).div_ceil(others);
        let mut left = self.rows.as_slice();
        for number in 1..=pages {
            let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or("no such page")?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            let top = if number == 1 { self.top_of_first() } else { MARGIN };
            if number == 1 {
                self.draw_head(&mut surface, &mut fonts);
            }
            self.draw_header(&mut surface, &mut fonts, &places, top);
            let (these, rest) = left.split_at(left.len().min(rows_from(top)));
            left = rest;
            let mut y = top + ROW;
            for row in these {
                draw_row(&mut surface, &mut fonts, &places, row, Weight::Regular, y);
                y += ROW;
                rule(&mut surface, y);
            }
            let note = (number == pages && fonts.lack_letters()).then_some(
                "Some letters could not be shown: install a font that has them, or ask for xlsx.",
            );
            draw_foot(&mut surface, &mut fonts, &format!("{number} / {pages}"), note);
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|e| format!("The document could not be written: {e:?}."))
    }

    /// Where the table begins on the first page.
    fn top_of_first(&self) -> f32 {
        let lines = self.facts().len();
        #[expect(clippy::cast_precision_loss, reason = "a few lines")]
        let lines = lines as f32;
        MARGIN + TITLE + 10.0 + lines * (TEXT + 4.0) + 8.0
    }

    /// What stands below the title.
    fn facts(&self) -> Vec<String> {
        let zone = self.task.spec.options.zone();
        let rows = match self.rows.len() {
            1 => "1 row".to_owned(),
            n => format!("{n} rows"),
        };
        let at = self.time(self.taken_at);
        let mut facts = vec![format!("{rows} as of {at}. Times are in {}.", zone.name())];
        facts.extend(filters(&self.task.spec.filters, |at| self.time(at)));
        facts
    }

    fn draw_head(&self, surface: &mut Surface<'_>, fonts: &mut Fonts) {
        let width = PAGE.0 - 2.0 * MARGIN;
        ink(surface, INK);
        let mut y = MARGIN + TITLE;
        fonts.line(&self.task.name, Weight::Bold, width / TITLE).draw(surface, MARGIN, y, TITLE);
        y += 10.0;
        ink(surface, FADED);
        for fact in self.facts() {
            y += TEXT + 4.0;
            fonts.line(&fact, Weight::Regular, width / TEXT).draw(surface, MARGIN, y, TEXT);
        }
    }

    fn draw_header(
        &self,
        surface: &mut Surface<'_>,
        fonts: &mut Fonts,
        places: &[Place],
        top: f32,
    ) {
        let header: Vec<_> = self.task.spec.columns.iter().map(|c| c.as_str().to_owned()).collect();
        draw_row(surface, fonts, places, &header, Weight::Bold, top);
        rule(surface, top + ROW);
    }
}

/// Rows that fit on a page below a table's header at `top`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some dozens")]
fn rows_from(top: f32) -> usize {
    ((PAGE.1 - MARGIN - ROW - (top + ROW)) / ROW) as usize
}

/// The columns beside each other, each as wide as what stands in it usually is.
fn places(columns: &[ReportColumn]) -> Vec<Place> {
    let share = |column: &ReportColumn| match column {
        ReportColumn::Id => 0.7,
        ReportColumn::RegistrationId => 2.9,
        ReportColumn::Name | ReportColumn::Surname => 1.6,
        ReportColumn::Email => 2.6,
        ReportColumn::CreatedAt | ReportColumn::UpdatedAt | ReportColumn::ConfirmedAt => 1.5,
    };
    let whole: f32 = columns.iter().map(share).sum();
    let mut x = MARGIN;
    columns
        .iter()
        .map(|column| {
            let width = (PAGE.0 - 2.0 * MARGIN) * share(column) / whole;
            let place = Place { x, width: width - GAP };
            x += width;
            place
        })
        .collect()
}

/// The filters as sentences.
fn filters(filter: &UserFilter, time: impl Fn(DateTime<Utc>) -> String) -> Vec<String> {
    let UserFilter { q, confirmed, created_from, created_to } = filter;
    let mut parts = Vec::new();
    parts.extend(q.as_ref().map(|q| format!("with “{q}” in name, surname or address")));
    parts.extend(confirmed.map(|yes| if yes { "confirmed" } else { "not confirmed" }.to_owned()));
    parts.extend(created_from.map(|at| format!("created at {} or later", time(at))));
    parts.extend(created_to.map(|at| format!("created before {}", time(at))));
    if parts.is_empty() { Vec::new() } else { vec![format!("Only those {}.", parts.join(", "))] }
}

fn draw_row(
    surface: &mut Surface<'_>,
    fonts: &mut Fonts,
    places: &[Place],
    cells: &[String],
    weight: Weight,
    top: f32,
) {
    ink(surface, INK);
    for (Place { x, width }, cell) in places.iter().zip(cells) {
        let line = fonts.line(cell, weight, width / TEXT);
        line.draw(surface, *x, top + ROW - 4.5, TEXT);
    }
}

fn draw_foot(surface: &mut Surface<'_>, fonts: &mut Fonts, number: &str, note: Option<&str>) {
    let y = PAGE.1 - MARGIN + 4.0;
    ink(surface, FADED);
    let line = fonts.line(number, Weight::Regular, 10.0);
    line.draw(surface, PAGE.0 - MARGIN - line.width(TEXT), y, TEXT);
    if let Some(note) = note {
        fonts.line(note, Weight::Regular, 80.0).draw(surface, MARGIN, y, TEXT);
    }
}

/// A thin line over the width of the table.
fn rule(surface: &mut Surface<'_>, y: f32) {
    let Some(line) = Rect::from_xywh(MARGIN, y, PAGE.0 - 2.0 * MARGIN, 0.5) else { return };
    let mut path = PathBuilder::new();
    path.push_rect(line);
    ink(surface, RULE);
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

fn ink(surface: &mut Surface<'_>, [r, g, b]: [u8; 3]) {
    let color = rgb::Color::new(r, g, b);
    surface.set_fill(Some(Fill { paint: color.into(), ..Fill::default() }));
}
