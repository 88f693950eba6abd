//! Recording a batch in which everything is new, which is what nearly every batch of a rush is.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use domain::{NotificationId, UserId, template};

use super::{
    PostgresStore,
    error::{Fault, is_taken},
    row,
    row::get,
};
use crate::{
    NewRegistration, RecordOutcome, Recorded,
    sql::{
        outcome::{Entry, answer},
        text, time,
    },
};

/// After so many batches that were new as a whole, the next is taken to be new without a look: where it
/// is not, the statement fails and nothing but time is lost.
const SURE_AFTER: u32 = 8;

/// How many batches in a row were new as a whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Streak(Arc<AtomicU32>);

impl Streak {
    fn is_sure(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= SURE_AFTER
    }

    fn goes_on(&self, all_new: bool) {
        let batches = if all_new { self.0.load(Ordering::Relaxed).saturating_add(1) } else { 0 };
        self.0.store(batches, Ordering::Relaxed);
    }
}

/// One statement, a transaction by itself. Nothing is inserted where one of the addresses or
/// ids is known; with `$12` addresses are not looked up first.
///
/// Plain inserts, since one that may meet a conflict (`ON CONFLICT`) takes more than twice as long. Who
/// adds one of the addresses or ids at this moment makes this statement fail as a whole. Ids follow the
/// batch, but rows are written by address, in every process: two batches that bring the same new
/// addresses wait for each other, and never in a circle.
pub(super) const INSERT_ALL: &str = r#"
    WITH item AS MATERIALIZED (
        SELECT nextval((SELECT pg_get_serial_sequence('users', 'id')::regclass)) AS id, i.*
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[],
                    $8::timestamptz[])
            AS i (registration_id, name, surname, email, search, notification_id, locale, submitted_at)
        WHERE ($12 OR NOT EXISTS (
            SELECT FROM unnest($9::text[]) AS a (address)
            JOIN users u ON lower(u.email COLLATE "C") = a.address
        )) AND NOT EXISTS (
            SELECT FROM unnest($1::uuid[]) AS k (id)
            JOIN repeated_registrations r ON r.registration_id = k.id
        )
    ), person AS (
        INSERT INTO users (id, registration_id, name, surname, email, search, notification_id, locale,
                           submitted_at, created_at, updated_at)
        OVERRIDING SYSTEM VALUE
        SELECT id, registration_id, name, surname, email, search, notification_id, locale, submitted_at,
               $10, $10
        FROM item ORDER BY lower(email COLLATE "C")
    ), mail AS (
        INSERT INTO notification_logs
            (notification_id, user_id, notification_type, status, locale, created_at)
        SELECT notification_id, id, $11, 'queued', locale, $10 FROM item
    )
    SELECT id FROM item"#;

/// Records the batch; `None`, and nothing is, where something of it is known or comes twice.
pub(super) async fn record(
    store: &PostgresStore,
    batch: &[NewRegistration],
    addresses: &[String],
) -> Result<Option<Vec<Recorded>>, Fault> {
    let recorded = attempt(store, batch, addresses).await?;
    store.streak.goes_on(recorded.is_some());
    Ok(recorded)
}

async fn attempt(
    store: &PostgresStore,
    batch: &[NewRegistration],
    addresses: &[String],
) -> Result<Option<Vec<Recorded>>, Fault> {
    let (mut ids, mut seen) = (HashSet::new(), HashSet::new());
    let once = batch.iter().all(|item| ids.insert(item.registration_id))
        && addresses.iter().all(|address| seen.insert(address));
    if !once {
        return Ok(None);
    }
    let column = |of: fn(&NewRegistration) -> &str| batch.iter().map(of).collect::<Vec<_>>();
    let mails: Vec<_> =
        batch.iter().map(|i| NotificationId::of_registration(i.registration_id)).collect();
    let inserted = sqlx::query(INSERT_ALL)
        .bind(batch.iter().map(|i| i.registration_id.0).collect::<Vec<_>>())
        .bind(column(|i| i.person.name.as_str()))
        .bind(column(|i| i.person.surname.as_str()))
        .bind(column(|i| i.person.email.as_str()))
        .bind(batch.iter().map(|i| text::search_of(&i.person)).collect::<Vec<_>>())
        .bind(mails.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind(
            batch
                .iter()
                .map(|i| i.locale.as_deref().and_then(text::language_tag))
                .collect::<Vec<_>>(),
        )
        .bind(batch.iter().map(|i| time::stored(i.submitted_at)).collect::<Vec<_>>())
        .bind(addresses)
        .bind(time::now())
        .bind(template::CONFIRMATION)
        .bind(store.streak.is_sure())
        .fetch_all(store.work().await?)
        .await;
    let rows = match inserted {
        Err(e) if is_taken(&e) => return Ok(None),
        result => result?,
    };
    if rows.len() < batch.len() {
        return Ok(None);
    }
    let users: Vec<i64> = row::all(&rows, |row| get(row, 0))?;
    let outcome = RecordOutcome::Created;
    let answers = batch.iter().zip(addresses).zip(users.into_iter().zip(mails)).map(
        |((item, address), (user, mail))| {
            let entry = Entry {
                address: address.clone(),
                user_id: UserId(user),
                outcome,
                notification_id: Some(mail),
            };
            answer(item, outcome, &entry)
        },
    );
    Ok(Some(answers.collect()))
}
