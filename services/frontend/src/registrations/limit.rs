//! How many registrations one client may send.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};

use crate::client::counted;

/// How often quiet clients are forgotten.
pub(super) const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// A limit per client address and minute; the whole minute's allowance may come at once.
pub(super) struct ClientLimit {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl ClientLimit {
    /// `None` for no limit.
    pub(super) fn new(per_minute: u32) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute)?);
        Some(Self {
            limiter: DefaultKeyedRateLimiter::keyed(quota),
            clock: DefaultClock::default(),
        })
    }

    /// Counts one, or says how long to wait.
    pub(super) fn check(&self, client: IpAddr) -> Result<(), Duration> {
        let allowed = self.limiter.check_key(&counted(client));
        allowed.map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Forgets clients that could send a whole minute's allowance again.
    pub(super) fn sweep(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_one_minute_and_no_more() {
        let limit = ClientLimit::new(60).unwrap();
        let client = "192.0.2.1".parse().unwrap();
        let allowed = (0..100).filter(|_| limit.check(client).is_ok()).count();
        // The hundred calls take well under a second, in which at most one more is earned.
        assert!((60..=61).contains(&allowed), "{allowed}");
        let wait = limit.check(client).unwrap_err();
        assert!(wait <= Duration::from_secs(1));
        assert!(limit.check("192.0.2.2".parse().unwrap()).is_ok());
        assert!(ClientLimit::new(0).is_none());
    }
}
