//! Rows as values.

use domain::{RegistrationId, UserId};
use sqlx::{Decode, Postgres, Row, Type, error::BoxDynError, postgres::PgRow};

use crate::User;

/// A column's value.
pub(super) fn get<'r, T>(row: &'r PgRow, column: usize) -> Result<T, sqlx::Error>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(column)
}

/// The values of all rows.
pub(super) fn all<T, C: FromIterator<T>>(
    rows: &[PgRow],
    read: impl Fn(&PgRow) -> Result<T, sqlx::Error>,
) -> Result<C, sqlx::Error> {
    rows.iter().map(read).collect()
}

/// The value of the row that may be there.
pub(super) fn one<T>(
    row: Option<&PgRow>,
    read: impl Fn(&PgRow) -> Result<T, sqlx::Error>,
) -> Result<Option<T>, sqlx::Error> {
    row.map(read).transpose()
}

/// A number that is never negative.
pub(super) fn count<T>(row: &PgRow, column: usize) -> Result<T, sqlx::Error>
where
    T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>,
{
    parsed(column, T::try_from(get::<i64>(row, column)?))
}

/// A name that stands for a value.
pub(super) fn named<T>(
    row: &PgRow,
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
pub(super) fn user(row: &PgRow) -> Result<User, sqlx::Error> {
    Ok(User {
        id: UserId(get(row, 0)?),
        registration_id: get::<Option<_>>(row, 1)?.map(RegistrationId),
        name: get(row, 2)?,
        surname: get(row, 3)?,
        email: get(row, 4)?,
        created_at: get(row, 5)?,
        updated_at: get(row, 6)?,
        confirmed_at: get(row, 7)?,
    })
}
