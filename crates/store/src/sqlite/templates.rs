//! The e-mails' texts.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore,
    error::StoreResult,
    row::{self, get},
    time,
};
use crate::{BUILT_IN_VERSION, NewTemplate, StoreError, Template, Templates, sql::text};

const LATEST: &str = "
    SELECT name, locale, version, subject, text, html, updated_at FROM templates AS t
    WHERE version = (SELECT max(version) FROM templates WHERE name = t.name AND locale = t.locale)
    ORDER BY name, locale";

const VERSIONS: &str = "
    SELECT name, locale, version, subject, text, html, updated_at FROM templates
    WHERE name = ?1 AND locale = ?2 ORDER BY version DESC";

const SAVE: &str = "
    INSERT INTO templates (name, locale, version, subject, text, html, updated_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    RETURNING name, locale, version, subject, text, html, updated_at";

fn template(row: &SqliteRow) -> Result<Template, sqlx::Error> {
    Ok(Template {
        name: get(row, 0)?,
        locale: get(row, 1)?,
        version: get(row, 2)?,
        subject: get(row, 3)?,
        text: get(row, 4)?,
        html: get(row, 5)?,
        updated_at: get(row, 6)?,
    })
}

#[async_trait]
impl Templates for SqliteStore {
    async fn templates(&self) -> Result<Vec<Template>, StoreError> {
        row::all(&sqlx::query(LATEST).fetch_all(&self.readers).await.store()?, template)
    }

    async fn template_versions(
        &self,
        name: &str,
        locale: &str,
    ) -> Result<Vec<Template>, StoreError> {
        let query = sqlx::query(VERSIONS).bind(name).bind(locale);
        row::all(&query.fetch_all(&self.readers).await.store()?, template)
    }

    async fn save_template(&self, new: &NewTemplate) -> Result<Template, StoreError> {
        let new = text::storable_template(new);
        let mut tx = self.begin().await?;
        let latest = sqlx::query(VERSIONS).bind(&new.name).bind(&new.locale);
        let latest = latest.fetch_optional(&mut *tx).await.store()?;
        let latest = row::one(latest.as_ref(), template)?;
        let version = latest.as_ref().map_or(BUILT_IN_VERSION, |latest| latest.version) + 1;
        if let Some(latest) = latest.filter(|latest| latest.says(&new)) {
            return Ok(latest);
        }
        let saved = sqlx::query(SAVE)
            .bind(&new.name)
            .bind(&new.locale)
            .bind(version)
            .bind(&new.subject)
            .bind(&new.text)
            .bind(&new.html)
            .bind(time::text(time::now()))
            .fetch_one(&mut *tx)
            .await
            .store()?;
        tx.commit().await.store()?;
        template(&saved).store()
    }
}
