//! Senders that die in the middle of their work.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use testkit::{MailServer, Role, eventually_within};

use crate::{messages::publish_people, servers::start};

/// Connections of each sender, and so e-mails that may be in hand and not recorded when it dies.
const CONNECTIONS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn senders_that_are_killed_lose_nothing_and_double_only_what_they_had_in_hand() {
    const PEOPLE: usize = 10_000;
    const KILLS: usize = 6;
    let server = MailServer::start();
    let mut cluster = start(|settings| {
        settings
            .copies(Role::Sender, 3)
            .variable("MAIL_OUTBOX_DIR", "")
            .variable("SMTP_HOST", "localhost")
            .variable("SMTP_PORT", server.port().to_string())
            .variable("SMTP_TLS", "none")
            .variable("SMTP_CONNECTIONS", CONNECTIONS.to_string())
    })
    .await;
    let console = cluster.console().await;
    publish_people(&*cluster.queue, PEOPLE as u64).await;
    let patience = std::time::Duration::from_mins(3);
    for kill in 0..KILLS {
        let so_many = (kill + 1) * PEOPLE / (KILLS + 1);
        let what = format!("{so_many} are taken");
        eventually_within(patience, &what, || async { (server.count() >= so_many).then_some(()) })
            .await;
        cluster.kill(Role::Sender, kill % 3);
        cluster.restart(Role::Sender, kill % 3);
    }
    eventually_within(patience, "all are sent", || async {
        let stats = console.try_get("/stats").await.ok()?;
        (stats["notifications"]["sent"] == PEOPLE).then_some(())
    })
    .await;

    let mut copies: HashMap<String, usize> = HashMap::new();
    for mail in server.taken() {
        *copies.entry(mail.header("Message-ID").unwrap()).or_default() += 1;
    }
    assert_eq!(copies.len(), PEOPLE, "an e-mail is missing, or has two names");
    let doubled: HashSet<String> = copies
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(id, _)| id.trim_start_matches('<').split('@').next().unwrap().to_owned())
        .collect();
    // What was in hand at a kill is told by the log, be it that it arrived twice or not.
    let mut unknown = HashSet::new();
    for notification in console.all("/notifications").await.unwrap() {
        let id = notification["notification_id"].as_str().unwrap().to_owned();
        if notification["attempts"] == 1 {
            continue;
        }
        let told = console.get(&format!("/notifications/{id}")).await;
        let is_unknown = |attempt: &Value| attempt["outcome"] == "unknown";
        if told["history"].as_array().unwrap().iter().any(is_unknown) {
            unknown.insert(id);
        }
    }
    println!(
        "{PEOPLE} e-mails, {KILLS} senders killed: {} of unknown fate, {} of these arrived twice",
        unknown.len(),
        doubled.len()
    );
    assert!(doubled.is_subset(&unknown), "doubled, and nobody is told: {doubled:?} {unknown:?}");
    assert!(doubled.len() <= KILLS * CONNECTIONS, "{} doubled", doubled.len());
    assert!(!unknown.is_empty(), "no sender was killed in the middle of its work");
    cluster.no_dead_letters().await;
}
