//! Who may use the console, and their sessions.

use async_trait::async_trait;
use domain::EmailAddress;
use reqwest::{Method, Response, StatusCode};

use super::{
    RemoteStore,
    call::{Call, read, unexpected},
};
use crate::{
    Account, AccountChange, AccountOutcome, AccountSummary, Accounts, NewAccount, NewSession,
    SessionKey, StoreError,
    wire::{AccountList, AccountLookup, FirstAccount},
};

/// A key is hexadecimal; any other text names no session, and no path either.
fn session_path(key: &SessionKey) -> Option<String> {
    let is_hex = !key.0.is_empty() && key.0.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| format!("/sessions/{}", key.0))
}

async fn outcome(response: Response) -> Result<AccountOutcome, StoreError> {
    match response.status() {
        StatusCode::NO_CONTENT => Ok(AccountOutcome::Done),
        StatusCode::NOT_FOUND => Ok(AccountOutcome::NotFound),
        StatusCode::CONFLICT => Ok(AccountOutcome::LastAdministrator),
        _ => Err(unexpected(response).await),
    }
}

#[async_trait]
impl Accounts for RemoteStore {
    async fn create_first_account(
        &self,
        email: &EmailAddress,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        let body = FirstAccount { email: email.clone(), password_hash: password_hash.to_owned() };
        let call = Call::new(Method::POST, "/accounts/first").once().json(&body)?;
        let response = self.send(&call).await?;
        match response.status() {
            StatusCode::CREATED => Ok(true),
            StatusCode::CONFLICT => Ok(false),
            _ => Err(unexpected(response).await),
        }
    }

    async fn has_accounts(&self) -> Result<bool, StoreError> {
        self.accounts().await.map(|accounts| !accounts.is_empty())
    }

    async fn account(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let body = AccountLookup { email: email.clone() };
        self.find(&Call::new(Method::POST, "/accounts/lookup").json(&body)?).await
    }

    async fn accounts(&self) -> Result<Vec<AccountSummary>, StoreError> {
        let AccountList { items } = self.get(&Call::new(Method::GET, "/accounts")).await?;
        Ok(items)
    }

    async fn create_account(&self, new: &NewAccount) -> Result<Option<AccountSummary>, StoreError> {
        let response = self.send(&Call::new(Method::POST, "/accounts").once().json(new)?).await?;
        match response.status() {
            StatusCode::CREATED => read(response).await.map(Some),
            StatusCode::CONFLICT => Ok(None),
            _ => Err(unexpected(response).await),
        }
    }

    async fn change_account(
        &self,
        id: i64,
        change: &AccountChange,
    ) -> Result<AccountOutcome, StoreError> {
        let call = Call::new(Method::PUT, format!("/accounts/{id}")).json(change)?;
        outcome(self.send(&call).await?).await
    }

    async fn delete_account(&self, id: i64) -> Result<AccountOutcome, StoreError> {
        let call = Call::new(Method::DELETE, format!("/accounts/{id}")).once();
        outcome(self.send(&call).await?).await
    }

    async fn open_session(&self, session: &NewSession) -> Result<(), StoreError> {
        self.tell(&Call::new(Method::POST, "/sessions").json(session)?).await
    }

    async fn session(&self, key: &SessionKey) -> Result<Option<Account>, StoreError> {
        match session_path(key) {
            Some(path) => self.find(&Call::new(Method::GET, path)).await,
            None => Ok(None),
        }
    }

    async fn close_session(&self, key: &SessionKey) -> Result<(), StoreError> {
        match session_path(key) {
            Some(path) => self.tell(&Call::new(Method::DELETE, path)).await,
            None => Ok(()),
        }
    }
}
