//! What a verdict asks to be published, before the broker is told that the delivery is done.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    delay,
    envelope::{History, Outgoing},
    inbox::Held,
    topology::dead_letters_of,
};
use crate::{DeadLetter, Message, Verdict};

/// Judges the deliveries of one queue.
pub(super) struct Judge {
    queue: String,
}

impl Judge {
    pub(super) fn new(queue: &str) -> Self {
        Self { queue: queue.to_owned() }
    }

    /// A message to be durable first; `None` where the broker need only be told.
    pub(super) fn outgoing(
        &self,
        held: &Held,
        verdict: &Verdict,
        now: DateTime<Utc>,
    ) -> Option<Outgoing> {
        let Held { message, history, alone, .. } = held;
        match verdict {
            Verdict::Ack => None,
            // A message of one event is handed back whole; an event of several becomes a message.
            Verdict::Release if *alone => None,
            Verdict::Release => Some(self.again(message, history.clone(), Duration::ZERO, now)),
            Verdict::Postpone { after } => Some(self.again(message, history.clone(), *after, now)),
            Verdict::Retry { after, .. } => {
                let history = History {
                    attempts: history.attempts + 1,
                    first_failed_at: history.first_failed_at.or(Some(now)),
                    not_before: None,
                };
                Some(self.again(message, history, *after, now))
            }
            Verdict::DeadLetter { cause, by, tried } => {
                let letter = DeadLetter {
                    id: Uuid::now_v7().to_string(),
                    queue: self.queue.clone(),
                    message: message.clone(),
                    cause: cause.clone(),
                    by: by.clone(),
                    attempts: history.attempts + u32::from(*tried),
                    first_failed_at: history.first_failed_at.unwrap_or(now),
                    dead_at: now,
                };
                let queue = dead_letters_of(&self.queue);
                Some(Outgoing::dead_letter(&queue, &letter))
            }
        }
    }

    fn again(
        &self,
        message: &Message,
        mut history: History,
        after: Duration,
        now: DateTime<Utc>,
    ) -> Outgoing {
        history.not_before = None;
        if after.is_zero() {
            return Outgoing::new(&self.queue, message, &history);
        }
        let (queue, millis) = delay::wait_in(&self.queue, after);
        if Duration::from_millis(millis) < after {
            let after = TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX);
            history.not_before = now.checked_add_signed(after);
        }
        Outgoing::waiting(&queue, message, &history, millis, &self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> Held {
        let history = History { attempts: 1, ..History::default() };
        Held { tag: 7, alone: true, message: Message::event("1", "{}"), history }
    }

    fn wait(after: Duration) -> (Outgoing, History) {
        let judge = Judge::new("q");
        let verdict = Verdict::Postpone { after };
        let message = judge.outgoing(&held(), &verdict, Utc::now()).expect("it is to wait");
        let history = History::of(&message.properties);
        (message, history)
    }

    #[test]
    fn a_delay_that_no_queue_takes_is_waited_for_in_parts() {
        let (short, history) = wait(Duration::from_secs(3));
        assert_eq!(short.queue.as_str(), "q.delayed.4s");
        assert_eq!((history.attempts, history.not_before), (1, None));
        let (long, history) = wait(Duration::from_hours(24));
        assert_eq!(long.queue.as_str(), "q.delayed.16384s");
        let left = history.not_before.unwrap() - Utc::now();
        assert!((86_390..=86_400).contains(&left.num_seconds()), "{left}");
    }
}
