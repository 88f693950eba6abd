//! Where e-mails go: to a mail server, or into a folder.

mod outbox;
mod smtp;

use std::{path::Path, time::Duration};

use chrono::{DateTime, Utc};
use domain::NotificationId;
use lettre::Address;
use runtime::{ConfigError, config::error};
use store::AttemptOutcome;
use tokio::sync::OwnedSemaphorePermit;

use self::{outbox::Outbox, smtp::Smtp};
use crate::{Delivery, compose::ComposeError};

/// An e-mail on its way out.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) notification_id: NotificationId,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) recipient: Address,
    /// As it goes over the wire (RFC 5322).
    pub(crate) bytes: Vec<u8>,
}

/// What came of an e-mail.
pub(crate) struct Delivered {
    pub(crate) outcome: AttemptOutcome,
    /// What the mail server said, or what was heard instead.
    pub(crate) reply: String,
    /// Whether it was the address that was refused for good.
    pub(crate) undeliverable: bool,
    /// Its place among the e-mails under way. Whoever writes down what came of it gives it up after that:
    /// so no more e-mails than there are connections can be sent and not written down.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

/// Why nothing was tried. It is no attempt.
#[derive(Debug)]
pub(crate) enum NotNow {
    /// The relay is away, or wants a pause.
    Away(String),
    /// So many e-mails are on their way to this one's domain that it is to wait elsewhere.
    Crowded(Duration),
}

/// The way out.
pub(crate) enum Relay {
    /// Each e-mail becomes a file.
    Outbox(Outbox),
    /// Each e-mail is handed to a mail server.
    Smtp(Box<Smtp>),
}

impl Relay {
    /// Opens the folder, or reads what is needed to trust the server; connects to nobody yet. An error is
    /// one of the settings. To be called within a Tokio runtime.
    pub(crate) fn new(delivery: &Delivery, from: Address) -> Result<Self, ConfigError> {
        match delivery {
            Delivery::Outbox(folder) => Self::outbox(folder),
            Delivery::Smtp(settings) => Smtp::new(settings, from)
                .map(|smtp| Self::Smtp(Box::new(smtp)))
                .map_err(|why| error("SMTP_HOST", why, "smtp.example.com")),
        }
    }

    /// A folder.
    pub(crate) fn outbox(folder: &Path) -> Result<Self, ConfigError> {
        Outbox::open(folder).map(Self::Outbox).map_err(|why| {
            let problem = format!("the folder {} cannot be made: {why}", folder.display());
            error("MAIL_OUTBOX_DIR", problem, "var/outbox")
        })
    }

    /// What it is called in `/health`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Outbox(_) => "outbox",
            Self::Smtp(_) => "smtp",
        }
    }

    /// How many e-mails are worth having in hand.
    pub(crate) fn width(&self) -> usize {
        match self {
            // One sync takes many files.
            Self::Outbox(_) => outbox::TOGETHER * outbox::UNDER_WAY,
            // Some wait for a connection or for their domain, and the log's answers take their time.
            Self::Smtp(smtp) => smtp.connections() * 4,
        }
    }

    /// Why it takes no e-mails, as far as is known: no question goes out.
    pub(crate) fn ready(&self) -> Result<(), String> {
        match self {
            Self::Outbox(_) => Ok(()),
            Self::Smtp(smtp) => smtp.ready(),
        }
    }

    /// Hands over one e-mail.
    pub(crate) async fn deliver(&self, mail: Outgoing) -> Result<Delivered, NotNow> {
        match self {
            Self::Outbox(outbox) => outbox.deliver(mail).await,
            Self::Smtp(smtp) => smtp.deliver(mail).await,
        }
    }

    /// Whether e-mails could go out now.
    pub(crate) async fn check(&self) -> Result<(), String> {
        match self {
            Self::Outbox(outbox) => outbox.check().await,
            Self::Smtp(smtp) => smtp.check().await,
        }
    }
}

impl Delivered {
    /// An e-mail that cannot be written. Repeating cannot mend it.
    pub(crate) fn unwritten(error: &ComposeError) -> Self {
        Self {
            outcome: AttemptOutcome::Failed,
            reply: error.to_string(),
            undeliverable: false,
            place: None,
        }
    }
}
