//! Keeps e-mails off a server that is away.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Open as long as the server takes e-mails. While it is closed, one caller after each pause may try.
#[derive(Default)]
pub(super) struct Gate {
    closed: Mutex<Option<Closed>>,
}

struct Closed {
    why: String,
    since: Instant,
    pause: Duration,
    next_try: Instant,
}

impl Gate {
    /// Whether to try, and otherwise why not. Whoever may try while it is closed is the only one.
    pub(super) fn check(&self) -> Result<(), String> {
        let mut closed = self.closed();
        let Some(closed) = closed.as_mut() else { return Ok(()) };
        let now = Instant::now();
        if now < closed.next_try {
            return Err(closed.why.clone());
        }
        closed.next_try = now + closed.pause;
        Ok(())
    }

    /// Whether whoever was let through may go on.
    pub(super) fn still_open(&self) -> Result<(), String> {
        match self.closed().as_ref() {
            // Closed anew since then, by somebody else.
            Some(closed) if closed.next_try <= closed.since + closed.pause => {
                Err(closed.why.clone())
            }
            _ => Ok(()),
        }
    }

    /// The server is away, or wants a pause.
    pub(super) fn close(&self, why: &str) {
        let mut closed = self.closed();
        let now = Instant::now();
        let pause = match closed.as_ref() {
            // What was under way when it closed says nothing new.
            Some(before) if now < before.since + before.pause => return,
            Some(before) => (before.pause * 2).min(LONGEST_PAUSE),
            None => {
                let reason = queue::without_addresses(why);
                tracing::warn!(%reason, "the mail server is away; e-mails wait");
                FIRST_PAUSE
            }
        };
        *closed = Some(Closed { why: why.to_owned(), since: now, pause, next_try: now + pause });
    }

    /// The server has taken an e-mail that was begun at this time.
    pub(super) fn open(&self, begun: Instant) {
        let mut closed = self.closed();
        if closed.as_ref().is_some_and(|closed| closed.since <= begun) {
            tracing::info!("the mail server is back");
            *closed = None;
        }
    }

    fn closed(&self) -> MutexGuard<'_, Option<Closed>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_tries_after_each_pause_and_pauses_grow() {
        let gate = Gate::default();
        assert!(gate.check().is_ok());
        let begun_before = Instant::now();
        advance(Duration::from_millis(1)).await;
        gate.close("connection refused");
        assert_eq!(gate.check(), Err("connection refused".into()));
        // What was under way still came through: that is no news.
        gate.open(begun_before);
        assert!(gate.check().is_err());
        for pause in [500, 1000, 2000, 4000, 5000, 5000] {
            advance(Duration::from_millis(pause - 1)).await;
            assert!(gate.check().is_err(), "{pause}");
            advance(Duration::from_millis(1)).await;
            assert!(gate.check().is_ok() && gate.still_open().is_ok(), "{pause}");
            assert!(gate.check().is_err(), "only one");
            gate.close("connection refused");
            assert!(gate.still_open().is_err());
        }
        advance(LONGEST_PAUSE).await;
        assert!(gate.check().is_ok());
        gate.open(Instant::now());
        assert!(gate.check().is_ok() && gate.check().is_ok());
        gate.close("again");
        advance(FIRST_PAUSE).await;
        assert!(gate.check().is_ok(), "a new outage begins with a short pause");
    }
}
