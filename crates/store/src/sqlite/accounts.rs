//! Who may use the console, and their sessions.

use async_trait::async_trait;
use domain::EmailAddress;
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore,
    error::StoreResult,
    row::{self, get, named},
    time,
};
use crate::{Account, Accounts, NewSession, Role, SessionKey, StoreError, sql::text};

fn account(row: &SqliteRow) -> Result<Account, sqlx::Error> {
    Ok(Account {
        id: get(row, 0)?,
        email: get(row, 1)?,
        password_hash: get(row, 2)?,
        role: named(row, 3, Role::from_name)?,
    })
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn create_first_account(
        &self,
        email: &EmailAddress,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let created = sqlx::query(
            "INSERT INTO accounts (email, password_hash, role, created_at)
             SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM accounts)",
        )
        .bind(email.as_str())
        .bind(text::without_nul(password_hash))
        .bind(Role::Administrator.as_str())
        .bind(time::text(time::now()))
        .execute(&mut *tx)
        .await
        .store()?
        .rows_affected();
        tx.commit().await.store()?;
        Ok(created > 0)
    }

    async fn has_accounts(&self) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts)")
            .fetch_one(&self.readers)
            .await
            .store()
    }

    async fn account(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let row =
            sqlx::query("SELECT id, email, password_hash, role FROM accounts WHERE email = ?1")
                .bind(email.as_str())
                .fetch_optional(&self.readers)
                .await
                .store()?;
        row::one(row.as_ref(), account)
    }

    async fn open_session(&self, session: &NewSession) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?1")
            .bind(time::text(time::now()))
            .execute(&mut *tx)
            .await
            .store()?;
        sqlx::query(
            "INSERT INTO sessions (session_key, account_id, expires_at)
             SELECT ?1, id, ?3 FROM accounts WHERE id = ?2
             ON CONFLICT (session_key) DO NOTHING",
        )
        .bind(text::without_nul(&session.key.0))
        .bind(session.account_id)
        .bind(time::text(session.expires_at))
        .execute(&mut *tx)
        .await
        .store()?;
        tx.commit().await.store()
    }

    async fn session(&self, key: &SessionKey) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(
            "SELECT a.id, a.email, a.password_hash, a.role
             FROM sessions s JOIN accounts a ON a.id = s.account_id
             WHERE s.session_key = ?1 AND s.expires_at > ?2",
        )
        .bind(text::without_nul(&key.0))
        .bind(time::text(time::now()))
        .fetch_optional(&self.readers)
        .await
        .store()?;
        row::one(row.as_ref(), account)
    }

    async fn close_session(&self, key: &SessionKey) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE session_key = ?1")
            .bind(text::without_nul(&key.0))
            .execute(&mut *tx)
            .await
            .store()?;
        tx.commit().await.store()
    }
}
