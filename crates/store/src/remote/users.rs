//! People as rows.

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{Registration, UserFilter, UserId};
use reqwest::{Method, StatusCode};

use super::{
    RemoteStore,
    call::{Call, away, read, unexpected},
    ndjson,
};
use crate::{
    Export, Order, Page, StoreError, User, UserUpdate, Users,
    wire::{SNAPSHOT_TIME, entity_tag},
};

fn filtered(call: Call, filter: &UserFilter) -> Call {
    let time = |t: Option<DateTime<Utc>>| t.map(|t| t.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    call.query("q", filter.q.as_ref())
        .query("confirmed", filter.confirmed)
        .query("created_from", time(filter.created_from))
        .query("created_to", time(filter.created_to))
}

#[async_trait]
impl Users for RemoteStore {
    async fn create_user(&self, person: &Registration) -> Result<Option<User>, StoreError> {
        let call = Call::new(Method::POST, "/users").once().json(person)?;
        let response = self.send(&call).await?;
        match response.status() {
            StatusCode::CREATED => read(response).await.map(Some),
            StatusCode::CONFLICT => Ok(None),
            _ => Err(unexpected(response).await),
        }
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.find(&Call::new(Method::GET, format!("/users/{id}"))).await
    }

    async fn users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
        order: Order,
    ) -> Result<Page<User, UserId>, StoreError> {
        let call = filtered(Call::new(Method::GET, "/users"), filter)
            .page(after.map(|id| id.0), limit)
            .query("order", Some(order.as_str()));
        let Page { items, next } = self.list(&call).await?;
        Ok(Page { items, next: next.map(UserId) })
    }

    async fn update_user(
        &self,
        id: UserId,
        person: &Registration,
        unchanged_since: Option<DateTime<Utc>>,
    ) -> Result<UserUpdate, StoreError> {
        let call = Call::new(Method::PUT, format!("/users/{id}"))
            .once()
            .if_match(unchanged_since.map(entity_tag))
            .json(person)?;
        let response = self.send(&call).await?;
        match response.status() {
            StatusCode::OK => read(response).await.map(UserUpdate::Updated),
            StatusCode::NOT_FOUND => Ok(UserUpdate::NotFound),
            StatusCode::PRECONDITION_FAILED => Ok(UserUpdate::Stale),
            StatusCode::CONFLICT => Ok(UserUpdate::EmailTaken),
            _ => Err(unexpected(response).await),
        }
    }

    async fn delete_user(&self, id: UserId) -> Result<bool, StoreError> {
        self.did(&Call::new(Method::DELETE, format!("/users/{id}")).once()).await
    }

    async fn export_users(&self, filter: &UserFilter) -> Result<Export, StoreError> {
        let call = filtered(Call::new(Method::GET, "/users/export"), filter).endless();
        let response = self.send(&call).await?;
        match response.status() {
            StatusCode::OK => {
                let taken_at = response.headers().get(SNAPSHOT_TIME);
                let taken_at = taken_at.and_then(|t| t.to_str().ok()?.parse().ok());
                // A Database Service of an earlier version does not tell.
                let taken_at = taken_at.unwrap_or_else(Utc::now);
                Ok(Export::new(taken_at, ndjson::values(response.bytes_stream(), away)))
            }
            _ => Err(unexpected(response).await),
        }
    }
}
