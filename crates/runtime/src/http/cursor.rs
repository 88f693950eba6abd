//! Opaque cursors of keyset-paged lists.

use std::{fmt::Display, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;

/// Where a list goes on. Opaque to clients, so that its content may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Cursor(String);

/// `?limit=&cursor=` of every list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    #[serde(default)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PageBody<T> {
    /// The items.
    pub items: Vec<T>,
    /// For the next page; null on the last.
    pub next_cursor: Option<Cursor>,
}

impl<T> PageBody<T> {
    /// A page of what was read with one item more than `limit`: that one tells that there is a next page.
    pub fn of<K: Display>(mut items: Vec<T>, limit: usize, key_of: impl Fn(&T) -> K) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more);
        let next_cursor = last.map(|last| Cursor::new(key_of(last)));
        Self { items, next_cursor }
    }
}

impl Cursor {
    /// Wraps a key.
    pub fn new(key: impl Display) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(key.to_string()))
    }

    /// Reads the key back.
    pub fn key<K: FromStr>(&self) -> Result<K, Problem> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&self.0).ok();
        let text = bytes.and_then(|b| String::from_utf8(b).ok());
        text.and_then(|t| t.parse().ok()).ok_or_else(|| {
            Problem::invalid([FieldError::new(
                "cursor",
                "invalid",
                "This cursor is not one of ours. Use next_cursor of the page before.",
            )])
        })
    }
}

impl PageQuery {
    /// The largest page.
    const MAX_LIMIT: u32 = 500;
    const DEFAULT_LIMIT: u32 = 50;

    /// The page size asked for.
    pub fn limit(&self) -> Result<u32, Problem> {
        match self.limit.unwrap_or(Self::DEFAULT_LIMIT) {
            limit @ 1..=Self::MAX_LIMIT => Ok(limit),
            _ => Err(Problem::invalid([FieldError::new(
                "limit",
                "out_of_range",
                "limit must be between 1 and 500.",
            )])),
        }
    }

    /// This page of a list that is here as a whole. `comes_after` says whether an item follows the one of
    /// a key, by the list's own order.
    pub fn of<T, K: FromStr + Display>(
        &self,
        whole: impl IntoIterator<Item = T>,
        key_of: impl Fn(&T) -> K,
        comes_after: impl Fn(&T, &K) -> bool,
    ) -> Result<PageBody<T>, Problem> {
        let (limit, after) = (self.limit()? as usize, self.key::<K>()?);
        let rest = whole.into_iter();
        let rest = rest.filter(|item| after.as_ref().is_none_or(|key| comes_after(item, key)));
        Ok(PageBody::of(rest.take(limit + 1).collect(), limit, key_of))
    }

    /// The key to continue from.
    pub fn key<K: FromStr>(&self) -> Result<Option<K>, Problem> {
        self.cursor.as_ref().map(Cursor::key).transpose()
    }
}
