//! What a claim on an e-mail comes to.

use chrono::{DateTime, Utc};

use crate::{NotificationClaim, NotificationStatus};

/// What is noted of an attempt whose sender did not come back.
pub(crate) const NOT_HEARD_OF: &str =
    "the sender that had it in hand was not heard of again; it may have arrived";

/// Where an e-mail stands when it is to be claimed.
pub(crate) struct Standing {
    pub(crate) status: NotificationStatus,
    /// When the claim on it runs out.
    pub(crate) claimed_until: Option<DateTime<Utc>>,
    /// Whether that claim is the claimer's own.
    pub(crate) is_own: bool,
    /// Since when its address is refused, and what was said.
    pub(crate) undeliverable: Option<(DateTime<Utc>, Option<String>)>,
}

/// What a claim comes to.
pub(crate) enum Judgement {
    /// It is the claimer's.
    Free {
        /// Whether another had it before, and did not come back.
        not_heard_of: bool,
    },
    /// It is not to be had.
    Taken(NotificationClaim),
    /// Nothing is to be tried at the address: it fails, and the log says this.
    Untried(String),
}

impl Standing {
    pub(crate) fn judge(self, now: DateTime<Utc>) -> Judgement {
        let is_anothers = self.status == NotificationStatus::Sending && !self.is_own;
        match (self.status, self.claimed_until) {
            (NotificationStatus::Sent | NotificationStatus::Failed, _) => {
                Judgement::Taken(NotificationClaim::Settled)
            }
            (_, Some(until)) if is_anothers && until > now => {
                Judgement::Taken(NotificationClaim::Held { until })
            }
            _ => match self.undeliverable {
                Some((since, reply)) => Judgement::Untried(format!(
                    "not tried: the address was refused for good on {}: {}",
                    since.format("%Y-%m-%d"),
                    reply.unwrap_or_default()
                )),
                None => Judgement::Free { not_heard_of: is_anothers },
            },
        }
    }
}
