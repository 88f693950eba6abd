//! People as rows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{Registration, UserFilter, UserId};
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::{
    PostgresStore,
    error::{Fault, is_taken},
    retry,
    row::{self, USER_COLUMNS, get, user},
    state::as_outage,
};
use crate::{
    Export, Order, Page, RecordOutcome, StoreError, User, UserUpdate, Users, count_stored,
    sql::{text, time},
};

/// Rows that are folded together.
const FOLDED_AT_ONCE: i64 = 500;

/// The rows that pass a filter, by id.
///
/// A part of a text is looked for with `strpos`, to which `%`, `_` and `\` are letters like others.
pub(super) fn select(
    filter: &UserFilter,
    after: Option<UserId>,
    order: Order,
) -> QueryBuilder<Postgres> {
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
                " AND strpos(coalesce(search, lower(name || ' ' || surname || chr(31) || email)), ",
            )
            .push_bind(text::without_nul(&text::fold(q)).into_owned())
            .push(") > 0");
    }
    // Written so that the index of either kind is seen to be the one.
    match filter.confirmed {
        Some(true) => drop(query.push(" AND confirmed_at IS NOT NULL")),
        Some(false) => drop(query.push(" AND confirmed_at IS NULL")),
        None => {}
    }
    if let Some(from) = filter.created_from {
        query.push(" AND created_at >= ").push_bind(time::bound(from));
    }
    if let Some(to) = filter.created_to {
        query.push(" AND created_at < ").push_bind(time::bound(to));
    }
    query.push(match order {
        Order::Ascending => " ORDER BY id",
        Order::Descending => " ORDER BY id DESC",
    });
    query
}

pub(super) const UNFOLDED: &str = "
    SELECT id, name, surname, email FROM users WHERE search IS NULL
    ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED";

pub(super) const FOLD: &str = "
    UPDATE users u SET search = f.search
    FROM unnest($1::bigint[], $2::text[]) AS f (id, search) WHERE u.id = f.id";

/// Makes the rows that another program wrote findable in every letter case. Who holds one of them at
/// this moment is not waited for.
pub(super) async fn fold_unfolded(pool: &PgPool) -> Result<(), StoreError> {
    loop {
        let folded = fold_some(pool).await.map_err(Fault::Sql)?;
        if folded == 0 {
            return Ok(());
        }
    }
}

async fn fold_some(pool: &PgPool) -> Result<usize, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let rows = sqlx::query(UNFOLDED).bind(FOLDED_AT_ONCE).fetch_all(&mut *tx).await?;
    if !rows.is_empty() {
        let ids: Vec<i64> = row::all(&rows, |row| get(row, 0))?;
        let texts: Vec<String> =
            row::all(&rows, |row| Ok(text::searchable(get(row, 1)?, get(row, 2)?, get(row, 3)?)))?;
        sqlx::query(FOLD).bind(ids).bind(texts).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(rows.len())
}

impl PostgresStore {
    async fn insert_user(&self, person: &Registration) -> Result<Option<User>, Fault> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "INSERT INTO users (name, surname, email, search, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT DO NOTHING
             RETURNING id, registration_id, name, surname, email, created_at, updated_at, confirmed_at",
        )
        .bind(person.name.as_str())
        .bind(person.surname.as_str())
        .bind(person.email.as_str())
        .bind(text::search_of(person))
        .bind(time::now())
        .fetch_optional(&mut *tx)
        .await?;
        let created = row::one(row.as_ref(), user)?;
        tx.commit().await?;
        Ok(created)
    }

    async fn change_user(
        &self,
        id: UserId,
        person: &Registration,
        unchanged_since: Option<DateTime<Utc>>,
    ) -> Result<UserUpdate, Fault> {
        let mut tx = self.begin().await?;
        let Some(row) = sqlx::query("SELECT updated_at FROM users WHERE id = $1 FOR UPDATE")
            .bind(id.0)
            .fetch_optional(&mut *tx)
            .await?
        else {
            return Ok(UserUpdate::NotFound);
        };
        let updated_at: DateTime<Utc> = get(&row, 0)?;
        if unchanged_since.is_some_and(|since| time::stored(since) != updated_at) {
            return Ok(UserUpdate::Stale);
        }
        // Triggers see to `updated_at`, and take away what was folded from the old texts.
        let updated = sqlx::query(
            r#"UPDATE users
               SET name = $2, surname = $3, email = $4,
                   confirmed_at = CASE
                       WHEN lower(email COLLATE "C") = lower($4 COLLATE "C") THEN confirmed_at END
               WHERE id = $1
               RETURNING id, registration_id, name, surname, email, created_at, updated_at, confirmed_at"#,
        )
        .bind(id.0)
        .bind(person.name.as_str())
        .bind(person.surname.as_str())
        .bind(person.email.as_str())
        .fetch_one(&mut *tx)
        .await;
        match updated {
            Ok(row) => {
                let user = user(&row)?;
                sqlx::query("UPDATE users SET search = $2 WHERE id = $1")
                    .bind(id.0)
                    .bind(text::search_of(person))
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                Ok(UserUpdate::Updated(user))
            }
            Err(e) if is_taken(&e) => Ok(UserUpdate::EmailTaken),
            Err(e) => Err(e.into()),
        }
    }
}

#[async_trait]
impl Users for PostgresStore {
    async fn create_user(&self, person: &Registration) -> Result<Option<User>, StoreError> {
        let created = retry::once(|| self.insert_user(person)).await?;
        count_stored([match created {
            Some(_) => RecordOutcome::Created,
            None => RecordOutcome::Duplicate,
        }]);
        Ok(created)
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        retry::repeatable(|| async move {
            let row = sqlx::query(
                "SELECT id, registration_id, name, surname, email, created_at, updated_at, confirmed_at
                 FROM users WHERE id = $1",
            )
            .bind(id.0)
            .fetch_optional(self.work().await?)
            .await?;
            Ok(row::one(row.as_ref(), user)?)
        })
        .await
    }

    async fn users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
        order: Order,
    ) -> Result<Page<User, UserId>, StoreError> {
        retry::repeatable(|| async move {
            let mut query = select(filter, after, order);
            // One more than asked for tells whether there is a next page.
            query.push(" LIMIT ").push_bind(i64::from(limit) + 1);
            let rows = query.build().fetch_all(self.lists().await?).await?;
            Ok(Page::of(row::all(&rows, user)?, limit, |user: &User| user.id))
        })
        .await
    }

    async fn update_user(
        &self,
        id: UserId,
        person: &Registration,
        unchanged_since: Option<DateTime<Utc>>,
    ) -> Result<UserUpdate, StoreError> {
        retry::once(|| self.change_user(id, person, unchanged_since)).await
    }

    async fn delete_user(&self, id: UserId) -> Result<bool, StoreError> {
        retry::once(|| async move {
            let mut tx = self.begin().await?;
            let deleted =
                sqlx::query("DELETE FROM users WHERE id = $1").bind(id.0).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(deleted.rows_affected() > 0)
        })
        .await
    }

    async fn export_users(&self, filter: &UserFilter) -> Result<Export, StoreError> {
        self.connected.first_result().await.map_err(as_outage)?;
        self.exports.start(filter).await
    }
}
