//! Who may use the console, and their sessions.

use async_trait::async_trait;
use domain::EmailAddress;
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    SqliteStore,
    error::StoreResult,
    row::{self, get, named},
    time,
};
use crate::{
    Account, AccountChange, AccountOutcome, AccountSummary, Accounts, NewAccount, NewSession, Role,
    SessionKey, StoreError, sql::text,
};

fn account(row: &SqliteRow) -> Result<Account, sqlx::Error> {
    Ok(Account {
        id: get(row, 0)?,
        email: get(row, 1)?,
        password_hash: get(row, 2)?,
        role: named(row, 3, Role::from_name)?,
    })
}

const LIST: &str =
    "SELECT id, email, role, created_at, last_login_at FROM accounts ORDER BY email, id";

fn summary(row: &SqliteRow) -> Result<AccountSummary, sqlx::Error> {
    Ok(AccountSummary {
        id: get(row, 0)?,
        email: get(row, 1)?,
        role: named(row, 2, Role::from_name)?,
        created_at: get(row, 3)?,
        last_login_at: get(row, 4)?,
    })
}

/// Whether an account may lose its rights: another administrator is left then. Asked by the writer, it
/// stays true until the transaction ends.
async fn spare(tx: &mut Transaction<'_, Sqlite>, id: i64) -> Result<AccountOutcome, StoreError> {
    let row = sqlx::query(
        "SELECT role = 'administrator'
                AND NOT EXISTS (SELECT 1 FROM accounts WHERE role = 'administrator' AND id <> ?1)
         FROM accounts WHERE id = ?1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await
    .store()?;
    Ok(match row::one(row.as_ref(), |row| get(row, 0))? {
        None => AccountOutcome::NotFound,
        Some(true) => AccountOutcome::LastAdministrator,
        Some(false) => AccountOutcome::Done,
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

    async fn accounts(&self) -> Result<Vec<AccountSummary>, StoreError> {
        let rows = sqlx::query(LIST).fetch_all(&self.readers).await.store()?;
        row::all(&rows, summary)
    }

    async fn create_account(&self, new: &NewAccount) -> Result<Option<AccountSummary>, StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "INSERT INTO accounts (email, password_hash, role, created_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (email) DO NOTHING
             RETURNING id, email, role, created_at, last_login_at",
        )
        .bind(new.email.as_str())
        .bind(text::without_nul(&new.password_hash))
        .bind(new.role.as_str())
        .bind(time::text(time::now()))
        .fetch_optional(&mut *tx)
        .await
        .store()?;
        tx.commit().await.store()?;
        row::one(row.as_ref(), summary)
    }

    async fn change_account(
        &self,
        id: i64,
        change: &AccountChange,
    ) -> Result<AccountOutcome, StoreError> {
        let mut tx = self.begin().await?;
        let spare = spare(&mut tx, id).await?;
        let keeps_rights = change.role != Some(Role::Viewer);
        if spare == AccountOutcome::NotFound || (spare != AccountOutcome::Done && !keeps_rights) {
            return Ok(spare);
        }
        sqlx::query(
            "UPDATE accounts SET role = coalesce(?2, role), password_hash = coalesce(?3, password_hash)
             WHERE id = ?1",
        )
        .bind(id)
        .bind(change.role.map(Role::as_str))
        .bind(change.password_hash.as_deref().map(text::without_nul))
        .execute(&mut *tx)
        .await
        .store()?;
        if change.password_hash.is_some() {
            let kept = change.keep_session.as_ref().map_or("", |key| key.0.as_str());
            sqlx::query("DELETE FROM sessions WHERE account_id = ?1 AND session_key <> ?2")
                .bind(id)
                .bind(text::without_nul(kept))
                .execute(&mut *tx)
                .await
                .store()?;
        }
        tx.commit().await.store()?;
        Ok(AccountOutcome::Done)
    }

    async fn delete_account(&self, id: i64) -> Result<AccountOutcome, StoreError> {
        let mut tx = self.begin().await?;
        let spare = spare(&mut tx, id).await?;
        if spare == AccountOutcome::Done {
            let delete = sqlx::query("DELETE FROM accounts WHERE id = ?1").bind(id);
            delete.execute(&mut *tx).await.store()?;
            tx.commit().await.store()?;
        }
        Ok(spare)
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
        sqlx::query("UPDATE accounts SET last_login_at = ?2 WHERE id = ?1")
            .bind(session.account_id)
            .bind(time::text(time::now()))
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
