//! What a server's reply means for an e-mail and its address.

use store::AttemptOutcome;

use super::connection::{Cause, Step, Trouble};

/// What became of an e-mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing of its own: the server is away or wants a pause.
    Away(String),
    /// This attempt is over.
    Over { outcome: AttemptOutcome, reply: String, undeliverable: bool },
}

impl Verdict {
    pub(super) fn sent(reply: String) -> Self {
        Self::over(AttemptOutcome::Sent, reply)
    }

    fn over(outcome: AttemptOutcome, reply: String) -> Self {
        Self::Over { outcome, reply, undeliverable: false }
    }
}

/// - 421 is the server's wish for a pause, and a demand for a login is a mistake in our settings: neither
///   is about the e-mail.
/// - 4xx, silence and a cut may pass. After the e-mail itself has gone out nobody knows whether it arrived.
/// - 5xx will not pass. Where the recipient was refused, and not for reasons of policy (RFC 3463, X.7.Y),
///   nobody need try that address again.
pub(super) fn of(trouble: &Trouble) -> Verdict {
    match &trouble.cause {
        Cause::Refused { code: 421 | 530 | 534 | 535 | 538, reply } => Verdict::Away(reply.clone()),
        Cause::Refused { code: 500.., reply } => Verdict::Over {
            outcome: AttemptOutcome::Failed,
            reply: reply.clone(),
            undeliverable: trouble.step == Step::Recipient && !is_policy(reply),
        },
        Cause::Refused { reply, .. } => Verdict::over(AttemptOutcome::Retrying, reply.clone()),
        Cause::Cut(why) => unheard(trouble.step, &format!("the connection was cut ({why})")),
        Cause::Silence => unheard(trouble.step, "the mail server fell silent"),
    }
}

fn unheard(step: Step, what: &str) -> Verdict {
    let (outcome, when) = match step {
        Step::Sender => (AttemptOutcome::Retrying, "at MAIL"),
        Step::Recipient => (AttemptOutcome::Retrying, "at RCPT"),
        Step::Data => (AttemptOutcome::Retrying, "at DATA"),
        Step::Message => {
            (AttemptOutcome::Unknown, "after the e-mail was handed over; it may have arrived")
        }
    };
    Verdict::over(outcome, format!("{what} {when}"))
}

/// Whether an enhanced status code says that it is not about the address.
fn is_policy(reply: &str) -> bool {
    let code = reply.split_whitespace().nth(1).unwrap_or_default();
    let mut parts = code.split('.');
    parts.next() == Some("5") && parts.next() == Some("7")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(step: Step, code: u16, text: &str) -> Verdict {
        let reply = format!("{code} {text}");
        of(&Trouble::new(step, Cause::Refused { code, reply }))
    }

    fn outcome(verdict: Verdict) -> (AttemptOutcome, bool) {
        match verdict {
            Verdict::Over { outcome, undeliverable, .. } => (outcome, undeliverable),
            Verdict::Away(why) => panic!("away: {why}"),
        }
    }

    #[test]
    fn the_class_of_a_reply_decides() {
        use AttemptOutcome::{Failed, Retrying};
        for (step, code, text, expected) in [
            (Step::Recipient, 451, "4.2.1 try later", (Retrying, false)),
            (Step::Message, 452, "4.3.1 full", (Retrying, false)),
            (Step::Recipient, 550, "5.1.1 no such user", (Failed, true)),
            (Step::Recipient, 550, "no such user", (Failed, true)),
            (Step::Recipient, 554, "5.7.1 relaying denied", (Failed, false)),
            (Step::Message, 554, "5.7.1 spam", (Failed, false)),
            (Step::Message, 552, "5.3.4 too big", (Failed, false)),
            (Step::Sender, 550, "5.1.8 no such sender", (Failed, false)),
        ] {
            assert_eq!(outcome(refused(step, code, text)), expected, "{step:?} {code} {text}");
        }
    }

    #[test]
    fn a_pause_and_a_missing_login_are_no_fault_of_the_mail() {
        for (step, code) in [(Step::Recipient, 421), (Step::Message, 421), (Step::Sender, 530)] {
            assert!(matches!(refused(step, code, "no"), Verdict::Away(_)), "{step:?} {code}");
        }
    }

    #[test]
    fn what_was_handed_over_and_not_answered_may_have_arrived() {
        for (step, expected) in [
            (Step::Sender, AttemptOutcome::Retrying),
            (Step::Recipient, AttemptOutcome::Retrying),
            (Step::Data, AttemptOutcome::Retrying),
            (Step::Message, AttemptOutcome::Unknown),
        ] {
            for cause in [Cause::Cut("reset".into()), Cause::Silence] {
                assert_eq!(outcome(of(&Trouble::new(step, cause))), (expected, false));
            }
        }
    }
}
