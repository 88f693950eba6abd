//! People as rows.

use chrono::{DateTime, Utc};
use domain::{RegistrationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A row of `users`.
///
/// Its texts are plain strings: what the database holds is shown as it is, even a row that another
/// program put there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The numeric key.
    pub id: UserId,
    /// The submission that created the row; absent for one created directly.
    pub registration_id: Option<RegistrationId>,
    /// First name.
    pub name: String,
    /// Surname.
    pub surname: String,
    /// Address in ASCII form.
    pub email: String,
    /// When the row was created.
    #[serde(with = "super::instant")]
    pub created_at: DateTime<Utc>,
    /// When the row was last changed; differs after every change.
    #[serde(with = "super::instant")]
    pub updated_at: DateTime<Utc>,
    /// When the address was confirmed.
    #[serde(with = "super::instant::optional", default)]
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserUpdate {
    /// Changed; the row as it is now.
    Updated(User),
    /// There is no such user.
    NotFound,
    /// Somebody else changed it first.
    Stale,
    /// Another user has the address.
    EmailTaken,
}
