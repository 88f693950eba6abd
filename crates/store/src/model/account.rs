//! Who may use the console.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::EmailAddress;
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

/// An account as others may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountSummary {
    /// The numeric key.
    pub id: i64,
    /// The address to log in with.
    pub email: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was logged in with last.
    pub last_login_at: Option<DateTime<Utc>>,
}

/// An account to make.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The address to log in with.
    pub email: EmailAddress,
    /// The password's hash as a PHC string.
    #[schema(min_length = 1, max_length = 255)]
    pub password_hash: String,
    /// What it may do.
    pub role: Role,
}

/// What to change of an account; an absent field stays as it is.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// What it may do from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The new password's hash as a PHC string. Every session of the account ends with the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 255)]
    pub password_hash: Option<String>,
    /// The session that goes on nevertheless: that of who changes their own password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_session: Option<SessionKey>,
}

/// What became of a change of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountOutcome {
    /// It is done.
    Done,
    /// There is no such account.
    NotFound,
    /// Nothing was done: nobody would be left who may look after accounts.
    LastAdministrator,
}

/// Whom a failed login is counted against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginSubject {
    /// Names it: a SHA-256 in hexadecimal.
    #[schema(min_length = 1, max_length = 64)]
    pub key: String,
    /// Failures that cost nothing. Each further one doubles the wait before the next attempt.
    pub free: u32,
    /// Whether people share it who have nothing else in common, as a network. A login that succeeds takes
    /// back what the first subject that is not shared had failed, and no more.
    pub shared: bool,
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
