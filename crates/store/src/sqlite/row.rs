//! Rows as values.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{Decode, Row, Sqlite, Type, error::BoxDynError, sqlite::SqliteRow};
use uuid::Uuid;

use super::error::StoreResult;
use crate::{StoreError, User};
use domain::{RegistrationId, UserId};

/// A column's value.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: usize) -> Result<T, sqlx::Error>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(column)
}

/// The values of all rows.
pub(super) fn all<T, C: FromIterator<T>>(
    rows: &[SqliteRow],
    read: impl Fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<C, StoreError> {
    rows.iter().map(read).collect::<Result<C, sqlx::Error>>().store()
}

/// The value of the row that may be there.
pub(super) fn one<T>(
    row: Option<&SqliteRow>,
    read: impl Fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<Option<T>, StoreError> {
    row.map(read).transpose().store()
}

/// A UUID.
pub(super) fn uuid(row: &SqliteRow, column: usize) -> Result<Uuid, sqlx::Error> {
    parsed(column, get::<&str>(row, column)?.parse())
}

/// A UUID or nothing.
pub(super) fn optional_uuid(row: &SqliteRow, column: usize) -> Result<Option<Uuid>, sqlx::Error> {
    get::<Option<&str>>(row, column)?.map(|text| parsed(column, text.parse())).transpose()
}

/// A name that stands for a value.
pub(super) fn named<T>(
    row: &SqliteRow,
    column: usize,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, sqlx::Error> {
    let name: &str = get(row, column)?;
    parsed(column, from_name(name).ok_or_else(|| format!("{name:?} is not known")))
}

fn parsed<T>(column: usize, result: Result<T, impl Into<BoxDynError>>) -> Result<T, sqlx::Error> {
    result.map_err(|e| sqlx::Error::ColumnDecode { index: column.to_string(), source: e.into() })
}

/// The columns that [`user`] reads.
pub(super) const USER_COLUMNS: &str =
    "id, registration_id, name, surname, email, created_at, updated_at, confirmed_at";

/// A user from [`USER_COLUMNS`].
pub(super) fn user(row: &SqliteRow) -> Result<User, sqlx::Error> {
    Ok(User {
        id: UserId(get(row, 0)?),
        registration_id: optional_uuid(row, 1)?.map(RegistrationId),
        name: get(row, 2)?,
        surname: get(row, 3)?,
        email: get(row, 4)?,
        created_at: get::<DateTime<Utc>>(row, 5)?,
        updated_at: get(row, 6)?,
        confirmed_at: get(row, 7)?,
    })
}

/// Many values as one parameter, for `json_each`, or for `jsonb_each` where they are objects: that one
/// does not read an object anew for each field.
pub(super) fn json<T: Serialize + ?Sized>(values: &T) -> Result<String, StoreError> {
    serde_json::to_string(values).map_err(|e| StoreError::Failed(e.to_string()))
}
