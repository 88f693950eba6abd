//! The link that confirms an address: it names a registration, ends, and cannot be forged.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{RegistrationId, keyed::hmac};

/// How long a link is good for.
const LIFETIME: TimeDelta = TimeDelta::days(7);
const ID_BYTES: usize = 16;
const SIGNED_BYTES: usize = ID_BYTES + 8;
const TOKEN_BYTES: usize = SIGNED_BYTES + 16;

/// Signs and checks confirmation tokens. Derived from the service secret, never that secret itself.
#[derive(Clone)]
pub struct ConfirmationKeys(Vec<[u8; 32]>);

/// Why a token confirms nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmationError {
    /// It was not made here, or not whole.
    #[error("the link is not valid")]
    Forged,
    /// It was good once.
    #[error("the link has expired")]
    Expired,
}

impl ConfirmationKeys {
    /// Signs under `secret`; tokens signed under one of `previous` still count.
    pub fn derive<'a>(secret: &'a [u8], previous: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let derive = |secret: &[u8]| hmac(secret, &[b"userstream confirmation v1"]);
        Self(std::iter::once(secret).chain(previous).map(derive).collect())
    }

    /// The token for a registration, good for a week from `now`: 80 characters of hexadecimal, which
    /// no mail program breaks.
    pub fn sign(&self, id: RegistrationId, now: DateTime<Utc>) -> String {
        let mut token = [0; TOKEN_BYTES];
        token[..ID_BYTES].copy_from_slice(id.0.as_bytes());
        token[ID_BYTES..SIGNED_BYTES].copy_from_slice(&(now + LIFETIME).timestamp().to_be_bytes());
        let tag = hmac(&self.0[0], &[&token[..SIGNED_BYTES]]);
        token[SIGNED_BYTES..].copy_from_slice(&tag[..TOKEN_BYTES - SIGNED_BYTES]);
        hex::encode(token)
    }

    /// The registration that a token confirms.
    pub fn verify(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<RegistrationId, ConfirmationError> {
        let token = decode(token).ok_or(ConfirmationError::Forged)?;
        let (signed, tag) = token.split_at(SIGNED_BYTES);
        let genuine = self.0.iter().any(|key| hmac(key, &[signed])[..tag.len()].ct_eq(tag).into());
        if !genuine {
            return Err(ConfirmationError::Forged);
        }
        let (id, expires) = signed.split_at(ID_BYTES);
        let expires =
            i64::from_be_bytes(expires.try_into().map_err(|_| ConfirmationError::Forged)?);
        if expires < now.timestamp() {
            return Err(ConfirmationError::Expired);
        }
        Uuid::from_slice(id).map(RegistrationId).map_err(|_| ConfirmationError::Forged)
    }
}

fn decode(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    let mut bytes = [0; TOKEN_BYTES];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

impl fmt::Debug for ConfirmationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfirmationKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_confirms_its_registration_for_a_week() {
        let keys = ConfirmationKeys::derive(b"secret", []);
        let (id, now) = (RegistrationId(Uuid::new_v4()), Utc::now());
        let token = keys.sign(id, now);
        assert_eq!(keys.verify(&token, now + TimeDelta::days(6)), Ok(id));
        assert_eq!(keys.verify(&token, now + TimeDelta::days(8)), Err(ConfirmationError::Expired));
        let rotated = ConfirmationKeys::derive(b"new", [&b"secret"[..]]);
        assert_eq!(rotated.verify(&token, now), Ok(id));
        let stranger = ConfirmationKeys::derive(b"new", []);
        assert_eq!(stranger.verify(&token, now), Err(ConfirmationError::Forged));
    }

    proptest! {
        #[test]
        fn a_changed_token_confirms_nothing(at in 0usize..80, to in "[0-9a-fg ü]") {
            let keys = ConfirmationKeys::derive(b"secret", []);
            let now = Utc::now();
            let token = keys.sign(RegistrationId(Uuid::new_v4()), now);
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != token);
            prop_assert_eq!(keys.verify(&changed, now), Err(ConfirmationError::Forged));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let keys = ConfirmationKeys::derive(b"secret", []);
            prop_assert!(keys.verify(&text, Utc::now()).is_err());
        }
    }
}
