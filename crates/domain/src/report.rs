//! What a report is to contain, checked before anything is generated.

use std::{collections::HashSet, str::FromStr};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{EmailAddress, FieldError, ReportRequested};

/// The most addresses that one report is delivered to.
const MAX_RECIPIENTS: usize = 20;

/// A report's file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// Comma-separated values (RFC 4180).
    Csv,
    /// An Excel workbook (Office Open XML).
    Xlsx,
    /// One JSON object a line.
    Ndjson,
    /// A table to print.
    Pdf,
}

impl ReportFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::Ndjson, Self::Pdf];

    /// The format of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// What a file of it is (IANA media type).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ndjson => "application/x-ndjson",
            Self::Pdf => "application/pdf",
        }
    }

    /// Whether a file of it is more than text.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Xlsx | Self::Pdf)
    }

    /// The name, which is the file's extension too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Ndjson => "ndjson",
            Self::Pdf => "pdf",
        }
    }
}

/// A column of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the field of the same name of a user")]
pub enum ReportColumn {
    Id,
    RegistrationId,
    Name,
    Surname,
    Email,
    CreatedAt,
    UpdatedAt,
    ConfirmedAt,
}

impl ReportColumn {
    /// The columns of a report that names none.
    pub const DEFAULT: [Self; 6] =
        [Self::Id, Self::Name, Self::Surname, Self::Email, Self::CreatedAt, Self::UpdatedAt];
    const ALL: [Self; 8] = [
        Self::Id,
        Self::RegistrationId,
        Self::Name,
        Self::Surname,
        Self::Email,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::ConfirmedAt,
    ];

    /// The column's name in the header line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::RegistrationId => "registration_id",
            Self::Name => "name",
            Self::Surname => "surname",
            Self::Email => "email",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::ConfirmedAt => "confirmed_at",
        }
    }
}

impl FromStr for ReportColumn {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|c| c.as_str() == s).ok_or(())
    }
}

/// Which users a list or a report shows. An absent field does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserFilter {
    /// A part of name, surname or address, in any letter case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 254)]
    pub q: Option<String>,
    /// Only confirmed (`true`) or unconfirmed (`false`) addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<bool>,
    /// Created at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_from: Option<DateTime<Utc>>,
    /// Created before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_to: Option<DateTime<Utc>>,
}

/// How the file is written. What a format has no use for is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReportOptions {
    /// CSV: one character between cells; the installation's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1)]
    pub delimiter: Option<String>,
    /// CSV and XLSX: a first line with the columns' names.
    pub header: bool,
    /// CSV for spreadsheets: a byte order mark, and `'` before a cell that would run as a formula.
    pub excel: bool,
    /// The zone of the times in the file, such as `Europe/Berlin` (IANA); UTC where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub timezone: Option<String>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { delimiter: None, header: true, excel: false, timezone: None }
    }
}

impl ReportOptions {
    /// The delimiter as the byte that a CSV writer takes.
    pub fn delimiter_byte(&self) -> Result<Option<u8>, FieldError> {
        self.delimiter.as_deref().map(parse_delimiter).transpose()
    }

    /// The zone of the times; UTC too where the name is of none.
    pub fn zone(&self) -> Tz {
        self.timezone.as_deref().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
    }

    fn mistakes(&self) -> Vec<FieldError> {
        let mut mistakes = Vec::from_iter(self.delimiter_byte().err());
        let zone = self.timezone.as_deref().map(|name| parse_zone("options.timezone", name));
        mistakes.extend(zone.and_then(Result::err));
        mistakes
    }
}

/// A time zone by its name in the IANA database, which `field` gives.
pub fn parse_zone(field: &str, name: &str) -> Result<Tz, FieldError> {
    name.parse().map_err(|_| {
        let message =
            format!("There is no time zone {name:?}. Use one such as Europe/Berlin or UTC.");
        FieldError::new(field, "unknown", message)
    })
}

/// One printable ASCII character (or a tab) that does not quote or end a line.
fn parse_delimiter(text: &str) -> Result<u8, FieldError> {
    match text.as_bytes() {
        [b] if (b.is_ascii_graphic() || matches!(b, b' ' | b'\t')) && *b != b'"' => Ok(*b),
        _ => Err(FieldError::new(
            "options.delimiter",
            "invalid",
            "The delimiter must be one character such as , or ; or a tab, and not a quote.",
        )),
    }
}

/// A report request that can be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSpec {
    /// The file's format.
    pub format: ReportFormat,
    /// The users in it.
    pub filters: UserFilter,
    /// The columns, in order.
    pub columns: Vec<ReportColumn>,
    /// How it is written.
    pub options: ReportOptions,
    /// Whom it is delivered to.
    pub deliver_to: Vec<EmailAddress>,
}

impl ReportSpec {
    /// Checks a request as it came by HTTP or as a message; reports every mistake at once.
    pub fn parse(request: &ReportRequested) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let format = ReportFormat::from_name(&request.format);
        if format.is_none() {
            errors.push(FieldError::new(
                "format",
                "unsupported",
                format!(
                    "There is no format {:?}. Choose from {}.",
                    request.format,
                    ReportFormat::ALL.map(ReportFormat::as_str).join(", ")
                ),
            ));
        }
        let filters = parse_part::<UserFilter>("filters", request.filters.as_ref(), &mut errors);
        let options = parse_part::<ReportOptions>("options", request.options.as_ref(), &mut errors);
        errors.extend(options.mistakes());
        let columns = parse_columns(&request.columns, &mut errors);
        let deliver_to = parse_addresses(&request.deliver_to, &mut errors);
        match format {
            Some(format) if errors.is_empty() => {
                Ok(Self { format, filters, columns, options, deliver_to })
            }
            _ => Err(errors),
        }
    }
}

/// An object of the request; absent and `null` mean the default.
fn parse_part<T: Default + serde::de::DeserializeOwned>(
    field: &str,
    value: Option<&serde_json::Value>,
    errors: &mut Vec<FieldError>,
) -> T {
    match value {
        None | Some(serde_json::Value::Null) => T::default(),
        Some(value) => T::deserialize(value).unwrap_or_else(|e| {
            errors.push(FieldError::new(field, "invalid", format!("In {field}: {e}.")));
            T::default()
        }),
    }
}

fn parse_columns(names: &[String], errors: &mut Vec<FieldError>) -> Vec<ReportColumn> {
    if names.is_empty() {
        return ReportColumn::DEFAULT.to_vec();
    }
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        match name.parse() {
            Ok(column) if columns.contains(&column) => errors.push(FieldError::new(
                "columns",
                "repeated",
                format!("The column {name:?} is named twice."),
            )),
            Ok(column) => columns.push(column),
            Err(()) => errors.push(FieldError::new(
                "columns",
                "unknown",
                format!(
                    "There is no column {name:?}. Choose from {}.",
                    ReportColumn::ALL.map(ReportColumn::as_str).join(", ")
                ),
            )),
        }
    }
    columns
}

/// Each address once.
fn parse_addresses(texts: &[String], errors: &mut Vec<FieldError>) -> Vec<EmailAddress> {
    let (mut addresses, mut seen) = (Vec::new(), HashSet::new());
    for (place, text) in texts.iter().enumerate() {
        match EmailAddress::parse(text) {
            Ok(address) => addresses.extend(seen.insert(address.canonical()).then_some(address)),
            Err(error) => errors.push(FieldError::new(
                format!("deliver_to[{place}]"),
                "invalid",
                // It is not repeated: what is told here is logged, too.
                format!("Number {} is no address to deliver to: it {error}.", place + 1),
            )),
        }
    }
    if addresses.len() > MAX_RECIPIENTS {
        let message = format!("A report is delivered to at most {MAX_RECIPIENTS} addresses.");
        errors.push(FieldError::new("deliver_to", "too_many", message));
    }
    addresses
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ReportId;

    fn request(value: &serde_json::Value) -> ReportRequested {
        let mut object = json!({"report_id": ReportId::new(), "format": "csv"});
        object.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn the_least_request_has_the_defaults() {
        let spec = ReportSpec::parse(&request(&json!({}))).unwrap();
        assert_eq!(spec.columns, ReportColumn::DEFAULT);
        assert_eq!(spec.filters, UserFilter::default());
        assert!(!spec.options.excel);
    }

    #[test]
    fn every_mistake_is_told() {
        let errors = ReportSpec::parse(&request(&json!({
            "format": "doc", "columns": ["id", "id", "password"],
            "filters": {"age": 3}, "options": {"delimiter": "\n", "timezone": "Mars/Base"},
        })))
        .unwrap_err();
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(
            fields,
            ["format", "filters", "options.delimiter", "options.timezone", "columns", "columns"]
        );
    }
}
