//! Names for things. A registration's id proves by itself that this installation issued it.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::keyed::hmac;

macro_rules! uuid_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, uuid::Error> {
                s.parse().map(Self)
            }
        }
    };
}

uuid_newtype!(
    /// One submission of the form; the id of its message and of its row.
    RegistrationId
);
uuid_newtype!(
    /// One e-mail to one person, however often it is tried.
    NotificationId
);
uuid_newtype!(
    /// One report, from its request to its file.
    ReportId
);

uuid_newtype!(
    /// One schedule of reports.
    ScheduleId
);

/// The numeric key of a row in `users`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct UserId(pub i64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The namespace of the ids of e-mails that welcome a person.
const WELCOME: Uuid = Uuid::from_u128(0x8c1f_52d0_9b0a_4a3e_b7d4_2e61_90af_c358);

/// The bytes of a version 7 UUID that tell the time.
const TIME_BYTES: usize = 6;

impl NotificationId {
    /// The notification that a registration causes. A registration that is processed twice names
    /// the same one twice, and the second is not mailed.
    pub fn of_registration(id: RegistrationId) -> Self {
        Self::derived(id.0.as_bytes(), Uuid::new_v5(&id.0, b"notification"))
    }

    /// The notification that welcomes a person whose address was confirmed at that time. A link that is
    /// pressed twice names the same one twice.
    pub fn of_confirmation(user: UserId, confirmed_at: DateTime<Utc>) -> Self {
        let name = [user.0.to_be_bytes(), confirmed_at.timestamp_micros().to_be_bytes()].concat();
        let millis = confirmed_at.timestamp_millis().to_be_bytes();
        Self::derived(&millis[millis.len() - TIME_BYTES..], Uuid::new_v5(&WELCOME, &name))
    }

    /// The notification that delivers a report to an address. A report that is told of twice names the same
    /// one twice.
    pub fn of_delivery(report: ReportId, address: &crate::EmailAddress) -> Self {
        Self(Uuid::new_v5(&report.0, address.canonical().as_bytes()))
    }

    /// An id (RFC 9562, version 8) that begins with the time that its cause began with: in an index it goes
    /// to the end, as that did, and not to a place of its own.
    fn derived(time: &[u8], hash: Uuid) -> Self {
        let mut bytes = hash.into_bytes();
        bytes[..TIME_BYTES].copy_from_slice(&time[..TIME_BYTES]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl ReportId {
    /// A fresh id, ordered by time.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The report of one slot of a schedule. Whoever asks for it names the same one.
    pub fn of_slot(schedule: ScheduleId, slot: DateTime<Utc>) -> Self {
        Self(Uuid::new_v5(&schedule.0, &slot.timestamp_micros().to_be_bytes()))
    }
}

impl Default for ReportId {
    fn default() -> Self {
        Self::new()
    }
}

/// The namespace of ids that `userstream import` derives from addresses.
const IMPORT: Uuid = Uuid::from_u128(0x5b0c_6b1e_3c53_4d0e_9a34_6f5a_1d3e_77c1);

impl RegistrationId {
    /// The id of an imported row: the same address gives the same id, so that an import can be run
    /// again. It is not an issued id, and so has no public status page.
    pub fn of_import(email: &crate::EmailAddress) -> Self {
        Self(Uuid::new_v5(&IMPORT, email.canonical().as_bytes()))
    }

    /// When the id was made, if it says so (UUID version 7).
    pub fn issued_at(self) -> Option<DateTime<Utc>> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    }
}

/// A secret from which ids are proved. Derived from the service secret, never that secret itself.
#[derive(Clone)]
pub struct IdKey([u8; 32]);

impl IdKey {
    /// Derives the key from a secret of any length.
    pub fn derive(secret: &[u8]) -> Self {
        Self(hmac(secret, &[b"userstream registration id v1"]))
    }

    /// The last four bytes of an id whose first twelve are `head`.
    fn tag(&self, head: &[u8]) -> [u8; 4] {
        let [a, b, c, d, ..] = hmac(&self.0, &[b"tag", head]);
        [a, b, c, d]
    }
}

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey(…)")
    }
}

/// Issues registration ids and tells issued ones from invented ones, without storing any.
///
/// Layout: a UUID (RFC 9562) of version 7 (48 bits of time, 42 of a counter that starts at random
/// each millisecond) or, where an idempotency key asks for a repeatable id, of version 8 (90 bits
/// of a keyed hash); in both the last 32 bits are a keyed check over the rest.
#[derive(Debug)]
pub struct RegistrationIdIssuer {
    keys: Vec<IdKey>,
    last: Mutex<(u64, u64)>,
}

const COUNTER_BITS: u32 = 42;

impl RegistrationIdIssuer {
    /// Issues with `key`; ids issued under one of `previous` are still known.
    pub fn new(key: IdKey, previous: impl IntoIterator<Item = IdKey>) -> Self {
        let mut keys = vec![key];
        keys.extend(previous);
        Self { keys, last: Mutex::new((0, 0)) }
    }

    /// A fresh id, unlike any other of this process.
    pub fn issue(&self, now: DateTime<Utc>) -> RegistrationId {
        let now = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        let (millis, counter) = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            // A clock that steps back must not repeat an id: stay in the latest millisecond.
            *last = if now > last.0 { (now, random_counter()) } else { (last.0, last.1 + 1) };
            *last
        };
        let counter = counter & ((1 << COUNTER_BITS) - 1);
        let high = (u128::from(millis) << 80) | (u128::from(counter >> 30) << 64);
        let low = u128::from(counter & 0x3fff_ffff) << 32;
        self.seal(high | low, 7)
    }

    /// The id of a repeatable request: the same key and content always give the same id, in every
    /// copy of the service and after every restart.
    pub fn repeatable(&self, idempotency_key: &[u8], content: &[u8]) -> RegistrationId {
        let hash = hmac(&self.keys[0].0, &[b"idempotency", idempotency_key, content]);
        let head: [u8; 16] = hash[..16].try_into().expect("a slice of 16 is 16 long");
        self.seal(u128::from_be_bytes(head), 8)
    }

    /// Whether this installation issued the id.
    pub fn issued(&self, id: RegistrationId) -> bool {
        let (head, tag) = id.0.as_bytes().split_at(12);
        self.keys.iter().any(|key| key.tag(head).ct_eq(tag).into())
    }

    fn seal(&self, bits: u128, version: u8) -> RegistrationId {
        let mut bytes = bits.to_be_bytes();
        bytes[6] = (bytes[6] & 0x0f) | (version << 4);
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let tag = self.keys[0].tag(&bytes[..12]);
        bytes[12..].copy_from_slice(&tag);
        RegistrationId(Uuid::from_bytes(bytes))
    }
}

/// A start that leaves room to count within a millisecond without wrapping.
fn random_counter() -> u64 {
    Uuid::new_v4().as_u64_pair().1 & ((1 << (COUNTER_BITS - 1)) - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn issuer() -> RegistrationIdIssuer {
        RegistrationIdIssuer::new(IdKey::derive(b"a secret"), [])
    }

    #[test]
    fn issued_ids_differ_are_ordered_and_known() {
        let issuer = issuer();
        let now = Utc::now();
        let ids: Vec<_> = (0..10_000).map(|_| issuer.issue(now)).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert!(ids.iter().all(|id| issuer.issued(*id)));
        assert!(ids.windows(2).all(|w| w[0].0.as_bytes()[..12] < w[1].0.as_bytes()[..12]));
        assert_eq!(ids[0].0.get_version_num(), 7);
        assert_eq!(ids[0].issued_at().unwrap().timestamp_millis(), now.timestamp_millis());
    }

    #[test]
    fn a_notification_has_its_registrations_place_in_time_and_nothing_else_of_it() {
        let id = RegistrationId(Uuid::now_v7());
        let notification = NotificationId::of_registration(id);
        assert_eq!(notification, NotificationId::of_registration(id));
        assert_eq!(notification.0.as_bytes()[..6], id.0.as_bytes()[..6]);
        assert_eq!(notification.0.get_version_num(), 8);
        let neighbour = RegistrationId(Uuid::from_u128(id.0.as_u128() + 1));
        assert_ne!(notification, NotificationId::of_registration(neighbour));
    }

    #[test]
    fn a_clock_that_steps_back_repeats_nothing() {
        let issuer = issuer();
        let now = Utc::now();
        let a = issuer.issue(now);
        let b = issuer.issue(now - chrono::TimeDelta::seconds(5));
        assert!(a.0.as_bytes()[..12] < b.0.as_bytes()[..12]);
    }

    #[test]
    fn a_rotated_secret_still_knows_its_ids() {
        let old = issuer().issue(Utc::now());
        let rotated =
            RegistrationIdIssuer::new(IdKey::derive(b"new"), [IdKey::derive(b"a secret")]);
        let stranger = RegistrationIdIssuer::new(IdKey::derive(b"new"), []);
        assert!(rotated.issued(old));
        assert!(!stranger.issued(old));
    }

    #[test]
    fn a_repeat_has_the_same_id_and_a_change_another() {
        let issuer = issuer();
        let id = issuer.repeatable(b"key", b"content");
        assert_eq!(id, issuer.repeatable(b"key", b"content"));
        assert_ne!(id, issuer.repeatable(b"key", b"other"));
        assert_ne!(id, issuer.repeatable(b"keyc", b"ontent"));
        assert!(issuer.issued(id));
        assert_eq!(id.issued_at(), None);
    }

    proptest! {
        #[test]
        fn an_invented_id_is_not_known(bytes: [u8; 16]) {
            prop_assert!(!issuer().issued(RegistrationId(Uuid::from_bytes(bytes))));
        }

        #[test]
        fn one_flipped_bit_is_noticed(bit in 0usize..128) {
            let issuer = issuer();
            let mut bytes = *issuer.issue(Utc::now()).0.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!issuer.issued(RegistrationId(Uuid::from_bytes(bytes))));
        }
    }
}
