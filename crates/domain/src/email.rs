//! An address that SMTP can deliver to.

use std::{borrow::Cow, fmt};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::validation::{is_control, normalized};

/// An e-mail address (RFC 5321, section 4.1.2) in the form every mail server accepts: an ASCII
/// dot-atom before the `@`, and behind it a domain in ASCII (A-label) form, in lower case.
///
/// Quoted local parts, comments and address literals are not accepted: no list member has one, and
/// each is a way to smuggle something past a later reader.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, format = Email, max_length = 254)]
pub struct EmailAddress(String);

/// Why a text is not an [`EmailAddress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing is left after trimming.
    #[error("is empty")]
    Required,
    /// No `@`, or more than one.
    #[error("has not exactly one @")]
    MissingAt,
    /// The part before the `@` is empty, longer than 64 bytes or not an ASCII dot-atom.
    #[error("has an undeliverable part before the @")]
    InvalidLocal,
    /// The part behind the `@` is not a domain name of two labels or more.
    #[error("has an invalid domain")]
    InvalidDomain,
    /// More than [`EmailAddress::MAX_BYTES`] bytes in ASCII form.
    #[error("is longer than 254 bytes")]
    TooLong,
}

impl EmailError {
    #[cfg(test)]
    pub(crate) const CODES: [&str; 5] =
        ["required", "missing_at", "invalid_local", "invalid_domain", "too_long"];

    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::MissingAt => "missing_at",
            Self::InvalidLocal => "invalid_local",
            Self::InvalidDomain => "invalid_domain",
            Self::TooLong => "too_long",
        }
    }
}

impl EmailAddress {
    /// The longest address, in bytes of its ASCII form (RFC 5321, section 4.5.3.1.3, less the
    /// angle brackets of the path).
    pub const MAX_BYTES: usize = 254;
    /// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
    const MAX_LOCAL_BYTES: usize = 64;

    /// Normalizes and checks a text.
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        Self::normalize(raw).map(|address| Self(address.into_owned()))
    }

    /// The address of a text; most are written as they are stored.
    fn normalize(raw: &str) -> Result<Cow<'_, str>, EmailError> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Err(EmailError::Required);
        }
        let (local, domain) = raw.split_once('@').ok_or(EmailError::MissingAt)?;
        if domain.contains('@') {
            return Err(EmailError::MissingAt);
        }
        check_local(local)?;
        let address = match ascii_domain(domain)? {
            Cow::Borrowed(same) if same.len() == domain.len() => Cow::Borrowed(raw),
            ascii => Cow::Owned([local, "@", &ascii].concat()),
        };
        if address.len() > Self::MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        Ok(address)
    }

    /// The address as stored and mailed to: the local part as the person wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which an address is unique: two that differ in case alone are one.
    pub fn canonical(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A dot-atom of ASCII `atext` (RFC 5322, section 3.2.3).
fn check_local(local: &str) -> Result<(), EmailError> {
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let is_dot_atom = local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(atext));
    if local.len() <= EmailAddress::MAX_LOCAL_BYTES && is_dot_atom {
        Ok(())
    } else {
        Err(EmailError::InvalidLocal)
    }
}

/// The domain's A-labels by UTS 46, non-transitional, with the rules of STD 3.
fn ascii_domain(domain: &str) -> Result<Cow<'_, str>, EmailError> {
    // UTS 46 drops some invisible characters; a person who has one in an address has a typo.
    if domain.chars().any(|c| is_control(c) || c.is_whitespace()) {
        return Err(EmailError::InvalidDomain);
    }
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map_err(|_| EmailError::InvalidDomain)?;
    // Two labels or more: mail to a bare host name is not deliverable from elsewhere.
    let (_, top) = ascii.rsplit_once('.').ok_or(EmailError::InvalidDomain)?;
    if top.bytes().all(|b| b.is_ascii_digit()) {
        return Err(EmailError::InvalidDomain);
    }
    Ok(ascii)
}

impl fmt::Debug for EmailAddress {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailError;
    fn try_from(raw: String) -> Result<Self, EmailError> {
        normalized(raw, Self::normalize).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_accepted_keeps_every_rule(raw in "(?s).{0,40}@?.{0,40}|[a-z.]{1,9}@[a-zü.-]{1,30}") {
            prop_assert_eq!(EmailAddress::try_from(raw.clone()), EmailAddress::parse(&raw));
            if let Ok(email) = EmailAddress::parse(&raw) {
                let s = email.as_str();
                prop_assert!(s.is_ascii() && s.len() <= 254);
                prop_assert!(s.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(s.matches('@').count(), 1);
                prop_assert!(!s.contains(['<', '>', ',', ';', '"', '\\', '(', ')', '[', ']', ':']));
                prop_assert_eq!(EmailAddress::parse(s), Ok(email.clone()));
            }
        }

        #[test]
        fn an_ordinary_address_is_accepted_whatever_its_case(
            local in "[a-zA-Z0-9_+-]{1,20}(\\.[a-zA-Z0-9]{1,10}){0,2}",
            domain in "[a-zA-Z][a-zA-Z0-9]{0,20}\\.(com|ORG|Example)",
        ) {
            let raw = format!("{local}@{domain}");
            let a = EmailAddress::parse(&raw).unwrap();
            let b = EmailAddress::parse(&raw.to_uppercase()).unwrap();
            prop_assert_eq!(a.canonical(), b.canonical());
        }

        #[test]
        fn nothing_can_start_a_header_line(a in "[a-z]{1,9}", c in "[\r\n\0]", b in "[a-z]{1,9}") {
            let local = EmailAddress::parse(&format!("{a}{c}{b}@example.com"));
            let domain = EmailAddress::parse(&format!("{a}@exa{c}{b}.com"));
            prop_assert!(local.is_err() && domain.is_err());
        }
    }
}
