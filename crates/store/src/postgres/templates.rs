//! The e-mails' texts.

use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore, retry,
    row::{self, get},
};
use crate::{
    BUILT_IN_VERSION, NewTemplate, StoreError, Template, Templates,
    sql::{text, time},
};

const LATEST: &str = "
    SELECT DISTINCT ON (name, locale) name, locale, version, subject, text, html, updated_at
    FROM templates ORDER BY name, locale, version DESC";

const VERSIONS: &str = "
    SELECT name, locale, version, subject, text, html, updated_at FROM templates
    WHERE name = $1 AND locale = $2 ORDER BY version DESC";

const SAVE: &str = "
    INSERT INTO templates (name, locale, version, subject, text, html, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    RETURNING name, locale, version, subject, text, html, updated_at";

fn template(row: &PgRow) -> Result<Template, sqlx::Error> {
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
impl Templates for PostgresStore {
    async fn templates(&self) -> Result<Vec<Template>, StoreError> {
        retry::repeatable(|| async move {
            let rows = sqlx::query(LATEST).fetch_all(self.work().await?).await?;
            Ok(row::all(&rows, template)?)
        })
        .await
    }

    async fn template_versions(
        &self,
        name: &str,
        locale: &str,
    ) -> Result<Vec<Template>, StoreError> {
        let (name, locale) = (text::without_nul(name), text::without_nul(locale));
        let (name, locale) = (&*name, &*locale);
        retry::repeatable(|| async move {
            let query = sqlx::query(VERSIONS).bind(name).bind(locale);
            Ok(row::all(&query.fetch_all(self.work().await?).await?, template)?)
        })
        .await
    }

    async fn save_template(&self, new: &NewTemplate) -> Result<Template, StoreError> {
        let new = &text::storable_template(new);
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            // One at a time: the next version follows from the latest. Readers are not held up.
            sqlx::query("LOCK TABLE templates IN SHARE ROW EXCLUSIVE MODE")
                .execute(&mut *tx)
                .await?;
            let latest = sqlx::query(VERSIONS).bind(&new.name).bind(&new.locale);
            let latest = latest.fetch_optional(&mut *tx).await?;
            let latest = row::one(latest.as_ref(), template)?;
            let version = latest.as_ref().map_or(BUILT_IN_VERSION, |latest| latest.version) + 1;
            if let Some(latest) = latest.filter(|latest| latest.says(new)) {
                return Ok(latest);
            }
            let saved = sqlx::query(SAVE)
                .bind(&new.name)
                .bind(&new.locale)
                .bind(version)
                .bind(&new.subject)
                .bind(&new.text)
                .bind(&new.html)
                .bind(time::now())
                .fetch_one(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(template(&saved)?)
        })
        .await
    }
}
