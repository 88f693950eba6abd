//! Who may use the console, and their sessions.

use async_trait::async_trait;
use domain::EmailAddress;
use reqwest::{Method, StatusCode};

use super::{
    RemoteStore,
    call::{Call, unexpected},
};
use crate::{
    Account, Accounts, NewSession, SessionKey, StoreError,
    wire::{AccountLookup, AccountsExist, FirstAccount},
};

/// A key is hexadecimal; any other text names no session, and no path either.
fn session_path(key: &SessionKey) -> Option<String> {
    let is_hex = !key.0.is_empty() && key.0.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| format!("/sessions/{}", key.0))
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
        let AccountsExist { any } = self.get(&Call::new(Method::GET, "/accounts")).await?;
        Ok(any)
    }

    async fn account(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let body = AccountLookup { email: email.clone() };
        self.find(&Call::new(Method::POST, "/accounts/lookup").json(&body)?).await
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
