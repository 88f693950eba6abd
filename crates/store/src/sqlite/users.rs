//! People as rows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{Registration, UserFilter, UserId};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::time::Duration;

use super::{
    SqliteStore,
    error::StoreResult,
    export,
    row::{self, USER_COLUMNS, get, user},
    time,
};
use crate::{
    Export, Order, Page, RecordOutcome, StoreError, User, UserUpdate, Users, count_stored,
    sql::text,
};

/// The rows that pass a filter, by id.
///
/// A part of a text is looked for with `instr`, to which `%`, `_` and `\` are letters like others.
pub(super) fn select(
    filter: &UserFilter,
    after: Option<UserId>,
    order: Order,
) -> QueryBuilder<Sqlite> {
    let beyond = match order {
        Order::Ascending => '>',
        Order::Descending => '<',
    };
    let mut query =
        QueryBuilder::new(format!("SELECT {USER_COLUMNS} FROM users WHERE id {beyond} "));
    query.push_bind(after.map_or(order.before_all(), |id| id.0));
    if let Some(q) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        query
            .push(
                " AND instr(coalesce(search, lower(name || ' ' || surname || char(31) || email)), ",
            )
            .push_bind(text::fold(q))
            .push(") > 0");
    }
    if let Some(confirmed) = filter.confirmed {
        query.push(" AND (confirmed_at IS NOT NULL) = ").push_bind(confirmed);
    }
    if let Some(from) = filter.created_from {
        query.push(" AND created_at >= ").push_bind(time::text(time::bound(from)));
    }
    if let Some(to) = filter.created_to {
        query.push(" AND created_at < ").push_bind(time::text(time::bound(to)));
    }
    query.push(match order {
        Order::Ascending => " ORDER BY id",
        Order::Descending => " ORDER BY id DESC",
    });
    query
}

pub(super) const UNFOLDED: &str =
    "SELECT id, name, surname, email FROM users WHERE search IS NULL ORDER BY id LIMIT 500";

/// Takes `[[id, search], ...]`.
pub(super) const FOLD: &str = "
    WITH folded (id, search) AS (
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?1))
    UPDATE users SET search = folded.search FROM folded WHERE users.id = folded.id";

/// Makes the rows that another program wrote findable in every letter case.
pub(super) async fn fold_unfolded(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    loop {
        let rows = sqlx::query(UNFOLDED).fetch_all(&mut *connection).await.store()?;
        if rows.is_empty() {
            return Ok(());
        }
        let folded = rows.iter().map(|row| {
            let search = text::searchable(get(row, 1)?, get(row, 2)?, get(row, 3)?);
            Ok((get::<i64>(row, 0)?, search))
        });
        let folded = folded.collect::<sqlx::Result<Vec<_>>>().store()?;
        sqlx::query(FOLD).bind(row::json(&folded)?).execute(&mut *connection).await.store()?;
    }
}

async fn set_search(
    connection: &mut SqliteConnection,
    id: i64,
    search: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET search = ?2 WHERE id = ?1")
        .bind(id)
        .bind(search)
        .execute(connection)
        .await
        .store()?;
    Ok(())
}

#[async_trait]
impl Users for SqliteStore {
    async fn create_user(&self, person: &Registration) -> Result<Option<User>, StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "INSERT INTO users (name, surname, email, search, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)
             ON CONFLICT (email) DO NOTHING
             RETURNING id, registration_id, name, surname, email, created_at, updated_at, confirmed_at",
        )
        .bind(person.name.as_str())
        .bind(person.surname.as_str())
        .bind(person.email.as_str())
        .bind(text::search_of(person))
        .bind(time::text(time::now()))
        .fetch_optional(&mut *tx)
        .await
        .store()?;
        tx.commit().await.store()?;
        let created = row::one(row.as_ref(), user)?;
        count_stored([match created {
            Some(_) => RecordOutcome::Created,
            None => RecordOutcome::Duplicate,
        }]);
        Ok(created)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = sqlx::query(
            "SELECT id, registration_id, name, surname, email, created_at, updated_at, confirmed_at
             FROM users WHERE id = ?1",
        )
        .bind(id.0)
        .fetch_optional(&self.readers)
        .await
        .store()?;
        row::one(row.as_ref(), user)
    }

    async fn users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
        order: Order,
    ) -> Result<Page<User, UserId>, StoreError> {
        let mut query = select(filter, after, order);
        // One more than asked for tells whether there is a next page.
        query.push(" LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(&self.readers).await.store()?;
        Ok(Page::of(row::all(&rows, user)?, limit, |user: &User| user.id))
    }

    async fn update_user(
        &self,
        id: UserId,
        person: &Registration,
        unchanged_since: Option<DateTime<Utc>>,
    ) -> Result<UserUpdate, StoreError> {
        let mut tx = self.begin().await?;
        let Some(row) = sqlx::query(
            "SELECT updated_at, EXISTS (SELECT 1 FROM users WHERE email = ?2 AND id <> ?1)
             FROM users WHERE id = ?1",
        )
        .bind(id.0)
        .bind(person.email.as_str())
        .fetch_optional(&mut *tx)
        .await
        .store()?
        else {
            return Ok(UserUpdate::NotFound);
        };
        let updated_at: DateTime<Utc> = get(&row, 0).store()?;
        if unchanged_since.is_some_and(|since| time::stored(since) != time::stored(updated_at)) {
            return Ok(UserUpdate::Stale);
        }
        if get(&row, 1).store()? {
            return Ok(UserUpdate::EmailTaken);
        }
        let row = sqlx::query(
            "UPDATE users
             SET name = ?2, surname = ?3, email = ?4, updated_at = ?5,
                 confirmed_at = CASE WHEN email = ?4 THEN confirmed_at END
             WHERE id = ?1
             RETURNING id, registration_id, name, surname, email, created_at, updated_at, confirmed_at",
        )
        .bind(id.0)
        .bind(person.name.as_str())
        .bind(person.surname.as_str())
        .bind(person.email.as_str())
        .bind(time::text(time::now().max(time::after(updated_at, Duration::from_micros(1)))))
        .fetch_one(&mut *tx)
        .await
        .store()?;
        set_search(&mut tx, id.0, &text::search_of(person)).await?;
        tx.commit().await.store()?;
        Ok(UserUpdate::Updated(user(&row).store()?))
    }

    async fn delete_user(&self, id: UserId) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let deleted = sqlx::query("DELETE FROM users WHERE id = ?1")
            .bind(id.0)
            .execute(&mut *tx)
            .await
            .store()?
            .rows_affected();
        tx.commit().await.store()?;
        Ok(deleted > 0)
    }

    async fn export_users(&self, filter: &UserFilter) -> Result<Export, StoreError> {
        export::export(&self.exports, filter).await
    }
}
