//! Pages of lists on the wire: `?limit=&cursor=` asks, `{"items": [...], "next_cursor": ...}` answers.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};

use super::{RemoteStore, call::Call};
use crate::{Page, StoreError};

/// The largest page that the service gives; one who asks for more gets more pages.
const MAX_LIMIT: u32 = 500;

#[derive(Deserialize)]
struct PageBody<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl Call {
    /// Asks for one page of a list.
    pub(super) fn page(self, key: Option<i64>, limit: u32) -> Self {
        self.query("limit", Some(limit.clamp(1, MAX_LIMIT))).query("cursor", key.map(cursor))
    }
}

impl RemoteStore {
    /// One page of a list.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<Page<T, i64>, StoreError> {
        let PageBody { items, next_cursor } = self.get(call).await?;
        let next = next_cursor.map(|cursor| key(&cursor)).transpose()?;
        Ok(Page { items, next })
    }
}

/// The form that all services give their cursors.
fn cursor(key: i64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key.to_string())
}

fn key(cursor: &str) -> Result<i64, StoreError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
        .ok_or_else(|| StoreError::Failed("the Database Service gave an unreadable cursor".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back() {
        for n in [0, 1, -1, i64::MIN, i64::MAX] {
            assert_eq!(key(&cursor(n)).unwrap(), n);
        }
        assert!(key("?").is_err());
    }
}
