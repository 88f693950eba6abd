//! Who may use the console, and their sessions.

use async_trait::async_trait;
use domain::EmailAddress;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore, retry,
    row::{self, get, named},
};
use crate::{
    Account, Accounts, NewSession, Role, SessionKey, StoreError,
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
