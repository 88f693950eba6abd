//! Logins that fail again and again take longer and longer, wherever they come from.

use std::{net::IpAddr, time::Duration};

use chrono::Utc;
use runtime::Problem;
use sha2::{Digest, Sha256};
use store::LoginSubject;

use super::Console;
use crate::client::counted;

/// One person's mistakes at one account.
const FREE_OF_PAIR: u32 = 5;
/// A whole office's mistakes.
const FREE_OF_CLIENT: u32 = 30;
/// Everybody's guesses at one account.
const FREE_OF_ACCOUNT: u32 = 50;

/// Whom an attempt is counted against. Whether there is such an account is no matter.
pub(super) fn subjects(email: &str, client: IpAddr) -> [LoginSubject; 3] {
    let email = email.trim().to_lowercase();
    let client = counted(client);
    [
        subject(&["pair", &email, &client.to_string()], FREE_OF_PAIR),
        // Who has an account here may not wash away what the network has guessed at others.
        LoginSubject { shared: true, ..subject(&["client", &client.to_string()], FREE_OF_CLIENT) },
        subject(&["account", &email], FREE_OF_ACCOUNT),
    ]
}

fn subject(parts: &[&str], free: u32) -> LoginSubject {
    let key = hex::encode(Sha256::digest(parts.join("\n")));
    LoginSubject { key, free, shared: false }
}

impl Console {
    /// Counts an attempt as failed, or refuses it.
    pub(super) async fn admit(&self, subjects: &[LoginSubject]) -> Result<(), Problem> {
        let not_before = self.logins.try_login(subjects).await.map_err(super::problem)?;
        let Some(not_before) = not_before else { return Ok(()) };
        let wait = (not_before - Utc::now()).to_std().unwrap_or(Duration::from_secs(1));
        Err(Problem::too_many("Too many attempts to log in. Wait a moment, then try again.", wait))
    }

    /// Takes back what [`Console::admit`] counted.
    pub(super) async fn forget_failures(&self, subjects: &[LoginSubject]) {
        if let Err(error) = self.logins.login_succeeded(subjects).await {
            tracing::warn!(%error, "failed logins were not forgotten");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_and_a_network_are_counted_each_and_together() {
        let of = |email, client: &str| subjects(email, client.parse().unwrap()).map(|s| s.key);
        let ada = of("Ada@example.com", "2001:db8::1");
        assert_eq!(ada, of(" ada@EXAMPLE.com", "2001:db8::2"), "one network");
        let elsewhere = of("ada@example.com", "192.0.2.1");
        assert_eq!(ada[2], elsewhere[2]);
        assert!(ada[0] != elsewhere[0] && ada[1] != elsewhere[1]);
        assert_eq!(ada[1], of("grace@example.com", "2001:db8::3")[1]);
        assert!(ada.iter().all(|key| key.len() == 64));
    }
}
