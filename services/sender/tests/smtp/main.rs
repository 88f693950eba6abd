//! The Sender against a mail server that does as it is told.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod api;
mod copies;
mod encryption;
mod outages;
mod outcomes;
mod templates;

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use domain::{
    EmailRequested, Event, LinkKeys, NotificationId, Recipient, Registration, RegistrationId,
};
use queue::{Depth, EMAIL_NOTIFICATIONS, Queue, RetryDelays};
use reqwest::{Method, StatusCode};
use runtime::{Secret, ServiceClient, ServiceTokens, Trust, http::client::connect};
use sender::{Delivery, Dependencies, Settings, SmtpSettings, SmtpTls};
use serde_json::Value;
use store::{AttemptOutcome, Deliveries, NewRegistration, Notification, NotificationStatus, Store};
use tempfile::TempDir;
use testkit::{MailServer, MailServerSettings, eventually};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// Two: an e-mail gets three attempts.
const RETRIES: [Duration; 2] = [Duration::from_millis(50); 2];

/// A queue and a log of e-mails with a mail server, for any number of senders.
struct Post {
    server: MailServer,
    queue: Arc<dyn Queue>,
    store: Arc<dyn Store>,
    _folder: TempDir,
}

/// A running sender. It is told to stop when this is dropped.
struct Running {
    url: String,
    tokens: ServiceTokens,
    task: JoinHandle<std::io::Result<()>>,
    stop: DropGuard,
}

impl Post {
    async fn new() -> Self {
        Self::with(MailServerSettings::default()).await
    }

    async fn with(settings: MailServerSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
        Self {
            server: MailServer::start_with(settings),
            queue: queue::open(&url("queue.db"), None).await.unwrap(),
            store: store::open(&url("store.db")).await.unwrap(),
            _folder: folder,
        }
    }

    fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".into(),
            port: self.server.port(),
            tls: SmtpTls::None,
            login: None,
            connections: 8,
            connections_per_domain: 8,
            timeout: Duration::from_secs(10),
            trust: Trust::new(None).unwrap(),
        }
    }

    async fn sender(&self) -> Running {
        self.sender_with(self.settings()).await
    }

    async fn sender_with(&self, smtp: SmtpSettings) -> Running {
        self.sender_on(self.store.clone(), smtp).await
    }

    /// A sender whose claims go through another log.
    async fn sender_on(&self, deliveries: Arc<dyn Deliveries>, smtp: SmtpSettings) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let tokens = ServiceTokens::new(&secret, None);
        let dependencies = Dependencies {
            queue: self.queue.clone(),
            deliveries,
            notifications: self.store.clone(),
            users: self.store.clone(),
            templates: self.store.clone(),
            database: self.store.clone(),
            tokens: tokens.clone(),
            links: LinkKeys::derive(secret.expose().as_bytes(), []),
            // Nothing here has an attachment.
            report_generator: ServiceClient::new(
                connect(&Trust::new(None).unwrap()),
                tokens.clone(),
                "sender",
                "report-generator",
                "http://127.0.0.1:9",
            ),
        };
        let settings = Settings {
            delivery: Delivery::Smtp(smtp),
            from: "UserStream <no-reply@example.com>".parse().unwrap(),
            public_url: "https://example.org".into(),
            retry_delays: RetryDelays::new(RETRIES),
        };
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone().drop_guard();
        let task = tokio::spawn(sender::run(
            listener.try_into().unwrap(),
            dependencies,
            settings,
            shutdown,
        ));
        Running { url, tokens, task, stop }
    }

    /// Registers people and asks for their e-mails.
    async fn ask_for(&self, addresses: &[String]) -> Vec<NotificationId> {
        self.ask_for_in(None, addresses).await
    }

    /// The same, for people who speak a language.
    async fn ask_for_in(&self, locale: Option<&str>, addresses: &[String]) -> Vec<NotificationId> {
        let mut ids = Vec::with_capacity(addresses.len());
        for addresses in addresses.chunks(500) {
            let registration = |address: &String| NewRegistration {
                registration_id: RegistrationId(Uuid::now_v7()),
                person: Registration::parse("Ada", "Lovelace", address).unwrap(),
                submitted_at: Utc::now(),
                locale: locale.map(Into::into),
            };
            let items: Vec<_> = addresses.iter().map(registration).collect();
            let recorded = self.store.record(&items).await.unwrap();
            let events = recorded.into_iter().map(|recorded| {
                let data = EmailRequested {
                    notification_id: recorded.notification_id.unwrap(),
                    to: Recipient::User(recorded.user_id.unwrap()),
                    template: recorded.notification_type.unwrap(),
                    context: serde_json::Map::new(),
                };
                ids.push(data.notification_id);
                (Event::new("/test", data), None)
            });
            let events: Vec<_> = events.collect();
            EMAIL_NOTIFICATIONS.publish(&*self.queue, events).await.unwrap();
        }
        ids
    }

    async fn ask_for_one(&self, address: &str) -> NotificationId {
        self.ask_for(&[address.to_owned()]).await[0]
    }

    async fn logged(&self, id: NotificationId) -> Notification {
        self.store.notification(id).await.unwrap().unwrap()
    }

    /// Waits until an e-mail has come to an end, and nothing more is to be done about it.
    async fn end_of(&self, id: NotificationId) -> Notification {
        eventually("the e-mail has come to an end", || async {
            let logged = self.logged(id).await;
            let over =
                matches!(logged.status, NotificationStatus::Sent | NotificationStatus::Failed);
            (over && self.depth().await.unacknowledged == 0).then_some(logged)
        })
        .await
    }

    /// Outcomes and replies of the attempts at an e-mail.
    async fn attempts(&self, id: NotificationId) -> Vec<(AttemptOutcome, String)> {
        let attempts = self.store.attempts(id).await.unwrap();
        attempts.into_iter().map(|attempt| (attempt.outcome, attempt.reply)).collect()
    }

    async fn depth(&self) -> Depth {
        self.queue.depth(EMAIL_NOTIFICATIONS.queue).await.unwrap()
    }
}

impl Running {
    /// Asks as another service does.
    async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let token = self.tokens.sign("test", "sender", Duration::from_mins(1));
        let request = testkit::http_client().request(method, format!("{}{path}", self.url));
        let answer = request.bearer_auth(token).json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// Tells it to stop, and waits until it has.
    async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap().unwrap();
    }

    /// What it says of its mail server.
    async fn health(&self) -> Value {
        let answer = reqwest::get(format!("{}/health", self.url)).await.unwrap();
        answer.json::<Value>().await.unwrap()["checks"]["smtp"].take()
    }
}

fn addresses(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("user{n}@example{}.com", n % 50)).collect()
}
