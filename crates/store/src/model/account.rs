//! Who may use the console.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Administrator,
    /// Look, but change and export nothing.
    Viewer,
}

impl Role {
    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Viewer => "viewer",
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Administrator, Self::Viewer].into_iter().find(|role| role.as_str() == name)
    }
}

/// An account of the console.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// The numeric key.
    pub id: i64,
    /// The address to log in with.
    pub email: String,
    /// The password's hash as a PHC string.
    pub password_hash: String,
    /// What it may do.
    pub role: Role,
}

impl fmt::Debug for Account {
    /// Neither address nor hash belongs in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a session's token, in hexadecimal: who reads the table cannot take a session over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(pattern = "^[0-9a-fA-F]{64}$")]
pub struct SessionKey(pub String);

/// A session to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// Names the session.
    pub key: SessionKey,
    /// Whose.
    pub account_id: i64,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}
