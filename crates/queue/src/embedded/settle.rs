//! Gives deliveries their verdicts, and takes back what was let go of.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use rusqlite::{Connection, Result};

use super::{
    command::Settle,
    dead_letters,
    hands::{HeldMessage, Return},
    pack,
};
use crate::Verdict;

// Each list of rows goes in as one JSON array, so that there is one prepared statement for every
// length. A row is touched only while it is still in that consumer's hand.
const DELETE: &str = "
DELETE FROM messages WHERE +consumer = ?1 AND id IN (SELECT value FROM json_each(?2))";

const PUT_BACK: &str = "
UPDATE messages SET consumer = NULL
WHERE +consumer = ?1 AND id IN (SELECT value FROM json_each(?2))";

const MOVE: &str = "
UPDATE messages SET
    consumer = NULL,
    visible_at = moved.value ->> 1,
    attempts = attempts + (moved.value ->> 2),
    first_failed_at = iif(moved.value ->> 2, coalesce(first_failed_at, ?3), first_failed_at)
FROM json_each(?2) AS moved
WHERE messages.id = moved.value ->> 0 AND +messages.consumer = ?1";

const PUT_ALL_BACK: &str = "UPDATE messages SET consumer = NULL WHERE consumer = ?1";
const FORGET_CONSUMER: &str = "DELETE FROM consumers WHERE id = ?1";

/// Verdicts on messages in the hand of one consumer, by what is to be done.
#[derive(Default)]
struct Sorted<'a> {
    /// Rows to delete.
    done: Vec<i64>,
    /// Of rows with several events those that are done, by row.
    done_of: BTreeMap<i64, i64>,
    /// Rows to put back as they are.
    released: Vec<i64>,
    /// Row, when it is visible again, attempts to add.
    moved: Vec<(i64, i64, u8)>,
    dead: Vec<dead_letters::Death<'a>>,
}

pub(super) fn settle(connection: &Connection, commands: &[Settle], now: i64) -> Result<()> {
    for (consumer, verdicts) in sort(connection, commands, now)? {
        for (row, events) in verdicts.done_of {
            pack::done(connection, consumer, row, events)?;
        }
        for death in &verdicts.dead {
            dead_letters::bury(connection, consumer, death, now)?;
        }
        // The dead are among the done.
        touch(connection, DELETE, consumer, &verdicts.done)?;
        touch(connection, PUT_BACK, consumer, &verdicts.released)?;
        if !verdicts.moved.is_empty() {
            let moved = json(&verdicts.moved);
            connection.prepare_cached(MOVE)?.execute((consumer, moved, now))?;
        }
    }
    Ok(())
}

/// Sorts verdicts by consumer. No row that is new here gets the number of one that they name: the number of
/// the last row may be given again once it is deleted, and a row is deleted here only after its last event
/// was cut out, into a row that was inserted before and so has a higher number.
fn sort<'a>(
    connection: &Connection,
    commands: &'a [Settle],
    now: i64,
) -> Result<BTreeMap<i64, Sorted<'a>>> {
    let mut sorted = BTreeMap::<_, Sorted<'_>>::new();
    let mut seen = HashSet::new();
    let verdicts =
        commands.iter().flat_map(|c| c.verdicts.iter().map(move |(tag, v)| (c, *tag, v)));
    for (command, tag, verdict) in verdicts {
        let Some(held) = command.hands.find(tag).filter(|held| seen.insert(*held)) else {
            continue;
        };
        let HeldMessage { row, event, consumer } = held;
        let of_consumer = sorted.entry(consumer).or_default();
        let row = match (event, verdict) {
            (None, _) => row,
            (Some(number), Verdict::Ack) => {
                *of_consumer.done_of.entry(row).or_default() |= pack::bit(number);
                continue;
            }
            (Some(number), _) => match pack::cut_out(connection, consumer, row, number)? {
                Some(row) => row,
                None => continue,
            },
        };
        match verdict {
            Verdict::Ack => of_consumer.done.push(row),
            Verdict::Release => of_consumer.released.push(row),
            Verdict::Postpone { after } => of_consumer.moved.push((row, later(now, *after), 0)),
            Verdict::Retry { after, .. } => of_consumer.moved.push((row, later(now, *after), 1)),
            Verdict::DeadLetter { cause, by, tried } => {
                of_consumer.dead.push(dead_letters::Death { row, cause, by, tried: *tried });
                of_consumer.done.push(row);
            }
        }
    }
    Ok(sorted)
}

/// Takes back what nobody received, and what a consumer had in hand that is gone.
pub(super) fn take_back(connection: &Connection, returns: &[Return]) -> Result<()> {
    for item in returns {
        match item {
            Return::Messages { consumer, rows, .. } => {
                touch(connection, PUT_BACK, *consumer, rows)?;
            }
            Return::Consumer { consumer, .. } => {
                connection.prepare_cached(PUT_ALL_BACK)?.execute([consumer])?;
                connection.prepare_cached(FORGET_CONSUMER)?.execute([consumer])?;
            }
        }
    }
    Ok(())
}

fn touch(connection: &Connection, sql: &str, consumer: i64, rows: &[i64]) -> Result<()> {
    if !rows.is_empty() {
        connection.prepare_cached(sql)?.execute((consumer, json(rows)))?;
    }
    Ok(())
}

fn json<T: serde::Serialize + ?Sized>(rows: &T) -> String {
    serde_json::to_string(rows).expect("numbers serialize")
}

/// The first millisecond at which `after` has passed in full: `now` may be at its end.
fn later(now: i64, after: Duration) -> i64 {
    if after.is_zero() {
        return now;
    }
    now.saturating_add(i64::try_from(after.as_micros().div_ceil(1000)).unwrap_or(i64::MAX))
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_never_cut_short() {
        assert_eq!(later(1_000, Duration::ZERO), 1_000);
        assert_eq!(later(1_000, Duration::from_micros(1)), 1_002);
        assert_eq!(later(1_000, Duration::from_millis(250)), 1_251);
        assert_eq!(later(1_000, Duration::MAX), i64::MAX);
    }
}
