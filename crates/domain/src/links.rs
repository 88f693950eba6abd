//! The links in e-mails: each names a registration or a report and what may be done with it, ends, and cannot be forged.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::keyed::hmac;

const ID_BYTES: usize = 16;
const SIGNED_BYTES: usize = ID_BYTES + 8;
const TOKEN_BYTES: usize = SIGNED_BYTES + 16;

/// What a link is for. One of one kind is no link of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Confirms the address.
    Confirm,
    /// Takes the person off the list.
    Leave,
    /// Hands a report out.
    Report,
}

impl Link {
    /// How long it is good for: who wants to leave must be able to, by any e-mail they still have.
    fn lifetime(self) -> TimeDelta {
        match self {
            Self::Confirm | Self::Report => TimeDelta::days(7),
            Self::Leave => TimeDelta::days(10 * 365),
        }
    }

    /// The page that it leads to, below `PUBLIC_URL`.
    fn page(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Leave => "leave",
            Self::Report => "reports",
        }
    }

    fn label(self) -> &'static [u8] {
        match self {
            Self::Confirm => b"userstream confirmation v1",
            Self::Leave => b"userstream leave v1",
            Self::Report => b"userstream report v1",
        }
    }
}

/// Signs and checks the tokens of links. Derived from the service secret, never that secret itself.
#[derive(Clone)]
pub struct LinkKeys {
    confirm: Vec<[u8; 32]>,
    leave: Vec<[u8; 32]>,
    report: Vec<[u8; 32]>,
}

/// Why a token is good for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was not made here, or not whole.
    #[error("the link is not valid")]
    Forged,
    /// It was good once.
    #[error("the link has expired")]
    Expired,
}

impl LinkKeys {
    /// Signs under `secret`; tokens signed under one of `previous` still count.
    pub fn derive<'a>(secret: &'a [u8], previous: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let secrets: Vec<_> = std::iter::once(secret).chain(previous).collect();
        let derive = |link: Link| secrets.iter().map(|s| hmac(s, &[link.label()])).collect();
        Self {
            confirm: derive(Link::Confirm),
            leave: derive(Link::Leave),
            report: derive(Link::Report),
        }
    }

    fn keys(&self, link: Link) -> &[[u8; 32]] {
        match link {
            Link::Confirm => &self.confirm,
            Link::Leave => &self.leave,
            Link::Report => &self.report,
        }
    }

    /// The token for a registration or a report, good from `now` on: 80 characters of hexadecimal, which no mail
    /// program breaks.
    pub fn sign(&self, link: Link, id: Uuid, now: DateTime<Utc>) -> String {
        let mut token = [0; TOKEN_BYTES];
        token[..ID_BYTES].copy_from_slice(id.as_bytes());
        let expires = (now + link.lifetime()).timestamp();
        token[ID_BYTES..SIGNED_BYTES].copy_from_slice(&expires.to_be_bytes());
        let tag = hmac(&self.keys(link)[0], &[&token[..SIGNED_BYTES]]);
        token[SIGNED_BYTES..].copy_from_slice(&tag[..TOKEN_BYTES - SIGNED_BYTES]);
        hex::encode(token)
    }

    /// The link itself: a page of the Frontend, and the token.
    pub fn url(&self, public_url: &str, link: Link, id: Uuid, now: DateTime<Utc>) -> String {
        format!("{public_url}/{}/{}", link.page(), self.sign(link, id, now))
    }

    /// The registration or report that a token is for.
    pub fn verify(&self, link: Link, token: &str, now: DateTime<Utc>) -> Result<Uuid, LinkError> {
        let token = decode(token).ok_or(LinkError::Forged)?;
        let (signed, tag) = token.split_at(SIGNED_BYTES);
        let keys = self.keys(link);
        let genuine = keys.iter().any(|key| hmac(key, &[signed])[..tag.len()].ct_eq(tag).into());
        if !genuine {
            return Err(LinkError::Forged);
        }
        let (id, expires) = signed.split_at(ID_BYTES);
        let expires = i64::from_be_bytes(expires.try_into().map_err(|_| LinkError::Forged)?);
        if expires < now.timestamp() {
            return Err(LinkError::Expired);
        }
        Uuid::from_slice(id).map_err(|_| LinkError::Forged)
    }
}

fn decode(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    let mut bytes = [0; TOKEN_BYTES];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

impl fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_confirms_its_registration_for_a_week() {
        let keys = LinkKeys::derive(b"secret", []);
        let (id, now) = (Uuid::new_v4(), Utc::now());
        let token = keys.sign(Link::Confirm, id, now);
        let verify = |keys: &LinkKeys, now| keys.verify(Link::Confirm, &token, now);
        assert_eq!(verify(&keys, now + TimeDelta::days(6)), Ok(id));
        assert_eq!(verify(&keys, now + TimeDelta::days(8)), Err(LinkError::Expired));
        let rotated = LinkKeys::derive(b"new", [&b"secret"[..]]);
        assert_eq!(verify(&rotated, now), Ok(id));
        let stranger = LinkKeys::derive(b"new", []);
        assert_eq!(verify(&stranger, now), Err(LinkError::Forged));
    }

    #[test]
    fn a_token_of_one_kind_is_none_of_the_other() {
        let keys = LinkKeys::derive(b"secret", []);
        let (id, now) = (Uuid::new_v4(), Utc::now());
        let links = [Link::Confirm, Link::Leave, Link::Report];
        let pairs = links.iter().flat_map(|a| links.iter().map(move |b| (*a, *b)));
        for (signed, asked) in pairs.filter(|(a, b)| a != b) {
            let token = keys.sign(signed, id, now);
            assert_eq!(keys.verify(signed, &token, now), Ok(id));
            assert_eq!(keys.verify(asked, &token, now), Err(LinkError::Forged));
        }
    }

    proptest! {
        #[test]
        fn a_changed_token_is_good_for_nothing(at in 0usize..80, to in "[0-9a-fg ü]") {
            let keys = LinkKeys::derive(b"secret", []);
            let now = Utc::now();
            let token = keys.sign(Link::Confirm, Uuid::new_v4(), now);
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != token);
            prop_assert_eq!(keys.verify(Link::Confirm, &changed, now), Err(LinkError::Forged));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let keys = LinkKeys::derive(b"secret", []);
            prop_assert!(keys.verify(Link::Leave, &text, Utc::now()).is_err());
        }
    }
}
