//! One RabbitMQ and one PostgreSQL for all tests here, with a virtual host and a database for each.

use std::{
    ops::{Deref, DerefMut},
    process::Command,
    sync::{Arc, LazyLock},
    time::Duration,
};

use queue::Queue;
use serde_json::Value;
use testkit::{
    Console, Postgres, Proxy, RabbitMq, Role, Split, SplitSettings, eventually, eventually_within,
};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

/// Who restarts the broker does so alone: the others read.
static BROKER: LazyLock<RwLock<RabbitMq>> = LazyLock::new(|| RwLock::new(RabbitMq::start()));

/// A split system with servers behind proxies of its own.
pub(crate) struct Cluster<Broker = RwLockReadGuard<'static, RabbitMq>> {
    split: Split,
    pub(crate) to_database: Proxy,
    pub(crate) to_broker: Proxy,
    /// The broker, as a foreign client sees it.
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) broker: Broker,
    database: String,
}

/// One copy of each service, with changes.
pub(crate) async fn start(change: impl FnOnce(SplitSettings) -> SplitSettings) -> Cluster {
    start_on(BROKER.read().await, change).await
}

/// The same, with a broker that may be killed.
pub(crate) async fn start_alone(
    change: impl FnOnce(SplitSettings) -> SplitSettings,
) -> Cluster<RwLockWriteGuard<'static, RabbitMq>> {
    start_on(BROKER.write().await, change).await
}

async fn start_on<Broker: Deref<Target = RabbitMq>>(
    broker: Broker,
    change: impl FnOnce(SplitSettings) -> SplitSettings,
) -> Cluster<Broker> {
    let postgres = Postgres::shared();
    let database = postgres.url(&postgres.create_database());
    let queue = broker.fresh_url();
    let to_database = Proxy::start([postgres.port()]);
    let to_broker = Proxy::start([broker.port(0)]);
    let through = |url: &str, port: u16, proxy: &Proxy| {
        url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port()))
    };
    let settings = SplitSettings::on(
        through(&queue, broker.port(0), &to_broker),
        through(&database, postgres.port(), &to_database),
    );
    let split = Split::start(BINARY, change(settings)).await;
    let queue = queue::open(&queue, None).await.unwrap();
    Cluster { split, to_database, to_broker, queue, broker, database }
}

impl<Broker> Deref for Cluster<Broker> {
    type Target = Split;

    fn deref(&self) -> &Split {
        &self.split
    }
}

impl<Broker> DerefMut for Cluster<Broker> {
    fn deref_mut(&mut self) -> &mut Split {
        &mut self.split
    }
}

impl<Broker> Cluster<Broker> {
    /// Runs a statement in the database.
    pub(crate) fn sql(&self, statement: &str) {
        let output = Command::new("psql").arg(&self.database).args(["-c", statement]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until so many are stored and mailed, and checks that nothing is there twice.
    pub(crate) async fn all_mailed(&self, console: &Console, count: u64) {
        let mailed = self.at_least_mailed(console, count).await;
        assert_eq!(mailed, count, "somebody is there whom nobody registered");
    }

    /// The same where more may be there: a registration that was answered 503 promises nothing, in
    /// either way. Gives how many are.
    pub(crate) async fn at_least_mailed(&self, console: &Console, count: u64) -> u64 {
        let what = format!("{count} are stored and mailed");
        let total = eventually_within(Duration::from_mins(2), &what, || async {
            let stats = console.try_get("/stats").await.ok()?;
            let total = stats["users"]["total"].as_u64()?;
            (total >= count && stats["notifications"]["sent"] == total).then_some(total)
        })
        .await;
        let notifications = console.all("/notifications").await.unwrap();
        assert_eq!(notifications.len() as u64, total, "a notification is recorded twice");
        assert_eq!(self.outbox().len() as u64, total, "an e-mail too many, or too few");
        total
    }

    /// No message is among the dead letters of any queue.
    pub(crate) async fn no_dead_letters(&self) {
        for topic in queue::TOPICS {
            assert_eq!(self.queue.depth(topic).await.unwrap().dead_letters, 0, "{topic}");
        }
    }

    /// How many messages of a queue a copy gave this verdict.
    pub(crate) async fn verdicts(&self, role: Role, copy: usize, verdict: &str) -> u64 {
        let answer = self.http().get(self.copy_url(role, copy, "/metrics")).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let of_verdict = |line: &&str| {
            line.starts_with("userstream_messages_total{")
                && line.contains(&format!("verdict=\"{verdict}\""))
        };
        let number = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
        text.lines().filter(of_verdict).filter_map(number).sum()
    }

    /// The dead letters of `user.registration`, once there are so many.
    pub(crate) async fn dead_letters(&self, console: &Console, count: usize) -> Vec<Value> {
        eventually(&format!("there are {count} dead letters"), || async {
            let page = console.try_get("/dead-letters?queue=user.registration").await.ok()?;
            let items = page["items"].as_array()?.clone();
            (items.len() == count).then_some(items)
        })
        .await
    }
}
