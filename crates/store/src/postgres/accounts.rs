//! Who may use the console, and their sessions.

use async_trait::async_trait;
use domain::EmailAddress;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore, Tx, retry,
    row::{self, get, named},
};
use crate::{
    Account, AccountChange, AccountOutcome, AccountSummary, Accounts, NewAccount, NewSession, Role,
    SessionKey, StoreError,
    sql::{text, time},
};

fn account(row: &PgRow) -> Result<Account, sqlx::Error> {
    Ok(Account {
        id: get(row, 0)?,
        email: get(row, 1)?,
        password_hash: get(row, 2)?,
        role: named(row, 3, Role::from_name)?,
    })
}

const LIST: &str = r#"
    SELECT id, email, role, created_at, last_login_at FROM accounts ORDER BY email COLLATE "C", id"#;

fn summary(row: &PgRow) -> Result<AccountSummary, sqlx::Error> {
    Ok(AccountSummary {
        id: get(row, 0)?,
        email: get(row, 1)?,
        role: named(row, 2, Role::from_name)?,
        created_at: get(row, 3)?,
        last_login_at: get(row, 4)?,
    })
}

/// Whether an account may lose its rights: another administrator is left then. The administrators are
/// locked, so that it stays true until the transaction ends.
async fn spare(tx: &mut Tx, id: i64) -> Result<AccountOutcome, sqlx::Error> {
    let administrators: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM accounts WHERE role = 'administrator' ORDER BY id FOR UPDATE",
    )
    .fetch_all(&mut **tx)
    .await?;
    let there = sqlx::query_scalar("SELECT EXISTS (SELECT FROM accounts WHERE id = $1)").bind(id);
    Ok(match there.fetch_one(&mut **tx).await? {
        false => AccountOutcome::NotFound,
        true if administrators == [id] => AccountOutcome::LastAdministrator,
        true => AccountOutcome::Done,
    })
}

#[async_trait]
impl Accounts for PostgresStore {
    async fn create_first_account(
        &self,
        email: &EmailAddress,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        retry::once(|| async move {
            let mut tx = self.begin().await?;
            // There is no row yet to lock.
            sqlx::query("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE")
                .execute(&mut *tx)
                .await?;
            let created = sqlx::query(
                "INSERT INTO accounts (email, password_hash, role, created_at)
                 SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM accounts)",
            )
            .bind(email.as_str())
            .bind(text::without_nul(password_hash))
            .bind(Role::Administrator.as_str())
            .bind(time::now())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            tx.commit().await?;
            Ok(created > 0)
        })
        .await
    }

    async fn has_accounts(&self) -> Result<bool, StoreError> {
        retry::repeatable(|| async move {
            let any = sqlx::query_scalar("SELECT EXISTS (SELECT FROM accounts)");
            Ok(any.fetch_one(self.work().await?).await?)
        })
        .await
    }

    async fn account(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        retry::repeatable(|| async move {
            let row = sqlx::query(
                r#"SELECT id, email, password_hash, role FROM accounts
                   WHERE lower(email COLLATE "C") = lower($1 COLLATE "C")"#,
            )
            .bind(email.as_str())
            .fetch_optional(self.work().await?)
            .await?;
            Ok(row::one(row.as_ref(), account)?)
        })
        .await
    }

    async fn accounts(&self) -> Result<Vec<AccountSummary>, StoreError> {
        retry::repeatable(|| async move {
            let rows = sqlx::query(LIST).fetch_all(self.work().await?).await?;
            Ok(rows.iter().map(summary).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn create_account(&self, new: &NewAccount) -> Result<Option<AccountSummary>, StoreError> {
        retry::once(|| async move {
            let row = sqlx::query(
                "INSERT INTO accounts (email, password_hash, role, created_at)
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
                 RETURNING id, email, role, created_at, last_login_at",
            )
            .bind(new.email.as_str())
            .bind(text::without_nul(&new.password_hash))
            .bind(new.role.as_str())
            .bind(time::now())
            .fetch_optional(self.work().await?)
            .await?;
            Ok(row::one(row.as_ref(), summary)?)
        })
        .await
    }

    async fn change_account(
        &self,
        id: i64,
        change: &AccountChange,
    ) -> Result<AccountOutcome, StoreError> {
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            let spare = spare(&mut tx, id).await?;
            let keeps_rights = change.role != Some(Role::Viewer);
            if spare == AccountOutcome::NotFound || (spare != AccountOutcome::Done && !keeps_rights)
            {
                return Ok(spare);
            }
            sqlx::query(
                "UPDATE accounts
                 SET role = coalesce($2, role), password_hash = coalesce($3, password_hash)
                 WHERE id = $1",
            )
            .bind(id)
            .bind(change.role.map(Role::as_str))
            .bind(change.password_hash.as_deref().map(text::without_nul))
            .execute(&mut *tx)
            .await?;
            if change.password_hash.is_some() {
                let kept = change.keep_session.as_ref().map_or("", |key| key.0.as_str());
                sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND session_key <> $2")
                    .bind(id)
                    .bind(text::without_nul(kept))
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            Ok(AccountOutcome::Done)
        })
        .await
    }

    async fn delete_account(&self, id: i64) -> Result<AccountOutcome, StoreError> {
        retry::once(|| async move {
            let mut tx = self.begin().await?;
            let spare = spare(&mut tx, id).await?;
            if spare == AccountOutcome::Done {
                let delete = sqlx::query("DELETE FROM accounts WHERE id = $1").bind(id);
                delete.execute(&mut *tx).await?;
                tx.commit().await?;
            }
            Ok(spare)
        })
        .await
    }

    async fn open_session(&self, session: &NewSession) -> Result<(), StoreError> {
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
                .bind(time::now())
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "INSERT INTO sessions (session_key, account_id, expires_at)
                 SELECT $1, id, $3 FROM accounts WHERE id = $2
                 ON CONFLICT (session_key) DO NOTHING",
            )
            .bind(text::without_nul(&session.key.0))
            .bind(session.account_id)
            .bind(time::stored(session.expires_at))
            .execute(&mut *tx)
            .await?;
            sqlx::query("UPDATE accounts SET last_login_at = $2 WHERE id = $1")
                .bind(session.account_id)
                .bind(time::now())
                .execute(&mut *tx)
                .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn session(&self, key: &SessionKey) -> Result<Option<Account>, StoreError> {
        retry::repeatable(|| async move {
            let row = sqlx::query(
                "SELECT a.id, a.email, a.password_hash, a.role
                 FROM sessions s JOIN accounts a ON a.id = s.account_id
                 WHERE s.session_key = $1 AND s.expires_at > $2",
            )
            .bind(text::without_nul(&key.0))
            .bind(time::now())
            .fetch_optional(self.work().await?)
            .await?;
            Ok(row::one(row.as_ref(), account)?)
        })
        .await
    }

    async fn close_session(&self, key: &SessionKey) -> Result<(), StoreError> {
        retry::repeatable(|| async move {
            sqlx::query("DELETE FROM sessions WHERE session_key = $1")
                .bind(text::without_nul(&key.0))
                .execute(self.work().await?)
                .await?;
            Ok(())
        })
        .await
    }
}
