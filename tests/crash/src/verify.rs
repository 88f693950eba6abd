//! Compares what was answered with what is there.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    time::{Duration, Instant},
};

use serde_json::Value;
use testkit::{Console, Split};

use crate::ledger::Entries;

/// How long a drained system may take to be one.
const DRAIN: Duration = Duration::from_mins(3);

/// What is there. Each list that must be empty names what is in it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Rows.
    pub stored: usize,
    /// Registrations that were answered with 202 and have no row of their id and address.
    pub lost: Vec<String>,
    /// Registration ids and addresses with more than one row.
    pub doubled_rows: Vec<String>,
    /// Rows that nobody asked for.
    pub foreign_rows: Vec<String>,
    /// Users with more than one notification, and notification ids with more than one row.
    pub doubled_notifications: Vec<String>,
    /// Users whose e-mail is not sent, or is not in the outbox.
    pub unmailed: Vec<String>,
    /// E-mails in the outbox that the log does not know.
    pub foreign_mails: Vec<String>,
    /// E-mails in the outbox twice, under two names.
    pub doubled_mails: Vec<String>,
    /// E-mails that were delivered again, under the same name.
    pub delivered_again: usize,
    /// Dead letters, in all queues, and why.
    pub dead_letters: Vec<String>,
    /// Reports that were accepted and not made.
    pub unmade_reports: Vec<String>,
}

/// Waits until nothing is under way any more; the error says what still is.
pub(crate) async fn drained(console: &Console, accepted: usize) -> Result<(), String> {
    let started = Instant::now();
    loop {
        let stats = console.try_get("/stats").await;
        if stats.as_ref().is_ok_and(|stats| is_drained(stats, accepted)) {
            return Ok(());
        }
        if started.elapsed() > DRAIN {
            return Err(format!("after {} s it is not drained: {stats:?}", DRAIN.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn is_drained(stats: &Value, accepted: usize) -> bool {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let users = number(&stats["users"]["total"]);
    let still = |queue: &Value| ["ready", "delayed", "unacknowledged"].map(|s| number(&queue[s]));
    let mut queues = stats["queues"].as_array().into_iter().flatten();
    users >= accepted as u64
        && number(&stats["notifications"]["sent"]) == users
        && queues.all(|queue| still(queue) == [0; 3])
}

/// Reads everything and compares.
pub(crate) async fn verify(
    split: &Split,
    console: &Console,
    ledger: &Entries,
    reports: &[String],
) -> Result<Found, String> {
    let users = console.all("/users").await?;
    let notifications = console.all("/notifications").await?;
    let mut found = Found { stored: users.len(), ..Found::default() };
    rows(&users, ledger, &mut found);
    mails(&users, &notifications, &split.outbox(), &mut found);
    for letter in
        console.try_get("/dead-letters?limit=200").await?["items"].as_array().into_iter().flatten()
    {
        found.dead_letters.push(format!("{}: {}", letter["queue"], letter["cause"]));
    }
    for report in reports {
        let report = console.try_get(&format!("/reports/{report}")).await?;
        if report["status"] != "done" {
            found.unmade_reports.push(report.to_string());
        }
    }
    Ok(found)
}

fn rows(users: &[Value], ledger: &Entries, found: &mut Found) {
    let by_email: HashMap<&str, &str> =
        users.iter().map(|user| (text(user, "email"), text(user, "registration_id"))).collect();
    for (id, email) in ledger.accepted() {
        if by_email.get(email) != Some(&id) {
            found.lost.push(format!("{id} {email}, of which there is {:?}", by_email.get(email)));
        }
    }
    found.doubled_rows = twice(users.iter().map(|user| text(user, "registration_id")));
    found.doubled_rows.extend(twice(users.iter().map(|user| text(user, "email"))));
    let foreign = by_email.keys().filter(|email| !ledger.posted.contains_key(**email));
    found.foreign_rows = foreign.map(ToString::to_string).collect();
}

fn mails(users: &[Value], log: &[Value], outbox: &[String], found: &mut Found) {
    found.doubled_notifications = twice(log.iter().map(|mail| text(mail, "notification_id")));
    found.doubled_notifications.extend(twice(log.iter().map(|mail| mail["user_id"].to_string())));
    let files: Vec<&str> = outbox.iter().map(|name| id_of(name)).collect();
    found.doubled_mails = twice(files.iter().copied());
    let known: HashSet<_> = log.iter().map(|mail| text(mail, "notification_id")).collect();
    let foreign = files.iter().filter(|id| !known.contains(**id));
    found.foreign_mails = foreign.map(ToString::to_string).collect();
    let files: HashSet<_> = files.into_iter().collect();
    let sent = log
        .iter()
        .filter(|mail| mail["status"] == "sent" && files.contains(text(mail, "notification_id")));
    let sent: HashSet<_> = sent.map(|mail| mail["user_id"].to_string()).collect();
    let unmailed = users.iter().filter(|user| !sent.contains(&user["id"].to_string()));
    found.unmailed = unmailed.map(|user| text(user, "email").to_owned()).collect();
    let again = log.iter().filter(|mail| mail["attempts"].as_u64().unwrap_or_default() > 1);
    found.delivered_again = again.count();
}

/// A file's name is its time and its notification's id.
fn id_of(file: &str) -> &str {
    let stem = file.trim_end_matches(".eml");
    stem.split_once('-').map_or(stem, |(_, id)| id)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// What comes more than once.
fn twice<T: Eq + Hash + Clone + Into<String>>(all: impl Iterator<Item = T>) -> Vec<String> {
    let mut seen = HashSet::new();
    all.filter(|one| !seen.insert(one.clone())).map(Into::into).collect()
}
