//! A round as a line of a table.

use testkit::Role;

use crate::round::Round;

/// The lines above the first round. The table is Markdown.
pub fn header() -> String {
    let columns = [
        "seed",
        "accepted",
        "stored",
        "**lost**",
        "double rows",
        "double notifications",
        "double e-mails",
        "delivered again",
        "dead letters",
        "other 5xx",
        "503",
        "slowest 503",
        "cut off",
        "worst recovery",
        "MiB db / receiver / sender / report / frontend",
    ];
    format!("| {} |\n|{}", columns.join(" | "), "--:|".repeat(columns.len()))
}

/// One round.
pub fn line(round: &Round) -> String {
    let Round { found, memory, .. } = round;
    let seconds = |duration: std::time::Duration| format!("{:.1} s", duration.as_secs_f64());
    let memory = Role::ALL.map(|role| format!("{:.0}", memory.get(&role).copied().unwrap_or(0.0)));
    let cells = [
        round.seed.to_string(),
        round.accepted.to_string(),
        found.stored.to_string(),
        found.lost.len().to_string(),
        found.doubled_rows.len().to_string(),
        found.doubled_notifications.len().to_string(),
        (found.doubled_mails.len() + found.foreign_mails.len()).to_string(),
        found.delivered_again.to_string(),
        found.dead_letters.len().to_string(),
        round.server_errors.to_string(),
        round.unavailable.to_string(),
        seconds(round.slowest_unavailable),
        round.cut_off.to_string(),
        seconds(round.recovery),
        memory.join(" / "),
    ];
    format!("| {} |", cells.join(" | "))
}
