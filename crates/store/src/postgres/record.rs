//! Recording a batch: in one statement where all of it is new. Any other takes at most six, whatever its
//! size: insert the users that are new, look at the rest, write down the rest and the log.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{NotificationId, RegistrationId, UserId, template};
use uuid::Uuid;

use super::{
    PostgresStore, Tx, all_new,
    error::{Fault, is_taken},
    known::{Owner, known_registrations, lock_users, recent_mails},
    retry,
    row::get,
};
use crate::{
    MAILS_PER_ADDRESS_AND_DAY, NewRegistration, RecordOutcome, Recorded, StoreError, count_stored,
    sql::{
        outcome::{Entry, answer, candidates, repeated},
        text, time,
    },
};

/// Ids follow the batch, but rows are written by address, in every process: two batches that bring the
/// same new addresses wait for each other, and never in a circle. An address that another transaction
/// is about to add is waited for, and then left out like any that is known.
pub(super) const INSERT_USERS: &str = r#"
    WITH item AS MATERIALIZED (
        SELECT nextval((SELECT pg_get_serial_sequence('users', 'id')::regclass)) AS id, i.*
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[],
                    $8::timestamptz[])
            AS i (registration_id, name, surname, email, search, notification_id, locale, submitted_at)
    )
    INSERT INTO users (id, registration_id, name, surname, email, search, notification_id, locale,
                       submitted_at, created_at, updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT id, registration_id, name, surname, email, search, notification_id, locale, submitted_at,
           $9, $9
    FROM item
    WHERE NOT EXISTS
        (SELECT FROM repeated_registrations r WHERE r.registration_id = item.registration_id)
    ORDER BY lower(email COLLATE "C")
    ON CONFLICT DO NOTHING
    RETURNING id, registration_id"#;

/// The registrations that created no user, and the log of all e-mails, from the same arrays.
pub(super) const INSERT_THE_REST: &str = "
    WITH item AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::uuid[], $6::text[],
                             $7::timestamptz[], $8::timestamptz[])
            AS i (registration_id, user_id, email, outcome, notification_id, locale, submitted_at,
                  stored_at)
    ), ledger AS (
        INSERT INTO repeated_registrations
            (registration_id, user_id, email, notification_id, locale, submitted_at, stored_at)
        SELECT registration_id, user_id, email, notification_id, locale, submitted_at, stored_at
        FROM item WHERE outcome <> 'created'
    )
    INSERT INTO notification_logs
        (notification_id, user_id, notification_type, status, locale, created_at)
    SELECT notification_id, user_id, CASE outcome WHEN 'created' THEN $9 ELSE $10 END, 'queued',
           locale, stored_at
    FROM item
    WHERE notification_id IS NOT NULL
    -- One that a sender claimed before the row was there has been put into the log by that.
    ON CONFLICT (notification_id) DO NOTHING";

/// Columns of registrations and their e-mails, each an array.
#[derive(Default)]
struct Rows<'a> {
    registration_ids: Vec<Uuid>,
    user_ids: Vec<i64>,
    emails: Vec<&'a str>,
    outcomes: Vec<&'static str>,
    notification_ids: Vec<Option<Uuid>>,
    locales: Vec<Option<&'a str>>,
    submitted: Vec<DateTime<Utc>>,
    stored: Vec<DateTime<Utc>>,
}

pub(super) async fn record(
    store: &PostgresStore,
    batch: &[NewRegistration],
) -> Result<Vec<Recorded>, StoreError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let addresses: Vec<String> = batch.iter().map(|item| item.person.email.canonical()).collect();
    let addresses = addresses.as_slice();
    let recorded = retry::repeatable(|| async move {
        match all_new::record(store, batch, addresses).await? {
            Some(recorded) => Ok(recorded),
            None => attempt(store, batch, addresses).await,
        }
    })
    .await?;
    count_stored(recorded.iter().map(|r| r.outcome));
    Ok(recorded)
}

async fn attempt(
    store: &PostgresStore,
    batch: &[NewRegistration],
    addresses: &[String],
) -> Result<Vec<Recorded>, Fault> {
    let mut tx = store.begin().await?;
    let begun = time::now();
    let mut users = HashMap::with_capacity(batch.len());
    let created_now =
        insert_users(&mut tx, &candidates(batch, addresses, |_, _| false), begun).await?;
    users.extend(created_now);
    let (mut ledger, mut mails, mut now) = (HashMap::new(), HashMap::new(), begun);
    if users.len() < batch.len() {
        ledger = look_at_the_rest(&mut tx, batch, addresses, &mut users, begun).await?;
        // What is locked is ours from here on: later than whatever was recorded of it before.
        now = time::now().max(begun);
        let known: HashSet<i64> = batch
            .iter()
            .zip(addresses)
            .filter(|(item, _)| !ledger.contains_key(&item.registration_id))
            .filter_map(|(_, address)| users.get(address))
            .filter(|owner| owner.created_by.is_none())
            .map(|owner| owner.id.0)
            .collect();
        mails = recent_mails(&mut tx, &Vec::from_iter(known), now).await?;
    }

    let mut rows = Rows::default();
    let mut recorded = Vec::with_capacity(batch.len());
    for (item, address) in batch.iter().zip(addresses) {
        if let Some(entry) = ledger.get(&item.registration_id) {
            recorded.push(repeated(item, address, entry));
            continue;
        }
        // A user that was there when its address was not inserted, and is deleted now.
        let user = users.get(address).ok_or(Fault::Again)?;
        let (outcome, stored_at) = if user.created_by == Some(item.registration_id) {
            (RecordOutcome::Created, begun)
        } else {
            (RecordOutcome::Duplicate, now)
        };
        let sent = mails.entry(user.id).or_default();
        let notification_id = (*sent < MAILS_PER_ADDRESS_AND_DAY).then(|| {
            *sent += 1;
            NotificationId::of_registration(item.registration_id)
        });
        let entry = Entry { address: address.clone(), user_id: user.id, outcome, notification_id };
        recorded.push(answer(item, outcome, &entry));
        rows.push(item, &entry, stored_at);
        ledger.insert(item.registration_id, entry);
    }
    rows.insert(&mut tx).await?;
    tx.commit().await?;
    Ok(recorded)
}

/// Inserts what is new of these; returns who was created, by address.
async fn insert_users(
    tx: &mut Tx,
    items: &[(&NewRegistration, &str)],
    now: DateTime<Utc>,
) -> Result<Vec<(String, Owner)>, Fault> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let size = items.len();
    let (mut ids, mut names, mut surnames) =
        (Vec::with_capacity(size), Vec::with_capacity(size), Vec::with_capacity(size));
    let (mut emails, mut searches) = (Vec::with_capacity(size), Vec::with_capacity(size));
    let (mut mails, mut locales, mut submitted) =
        (Vec::with_capacity(size), Vec::with_capacity(size), Vec::with_capacity(size));
    let mut address_of = HashMap::with_capacity(size);
    for (item, address) in items {
        let person = &item.person;
        ids.push(item.registration_id.0);
        names.push(person.name.as_str());
        surnames.push(person.surname.as_str());
        emails.push(person.email.as_str());
        searches.push(text::search_of(person));
        mails.push(NotificationId::of_registration(item.registration_id).0);
        locales.push(item.locale.as_deref().and_then(text::language_tag));
        submitted.push(time::stored(item.submitted_at));
        address_of.insert(item.registration_id.0, *address);
    }
    let inserted = sqlx::query(INSERT_USERS)
        .bind(ids)
        .bind(names)
        .bind(surnames)
        .bind(emails)
        .bind(searches)
        .bind(mails)
        .bind(locales)
        .bind(submitted)
        .bind(now)
        .fetch_all(&mut **tx)
        .await?;
    let mut created = Vec::with_capacity(inserted.len());
    for row in &inserted {
        let registration_id: Uuid = get(row, 1)?;
        let address = address_of.get(&registration_id).ok_or(Fault::Again)?;
        let created_by = Some(RegistrationId(registration_id));
        created.push(((*address).to_owned(), Owner { id: UserId(get(row, 0)?), created_by }));
    }
    Ok(created)
}

/// Locks the users that were known before, and returns the ledger's entries of all that created none.
async fn look_at_the_rest(
    tx: &mut Tx,
    batch: &[NewRegistration],
    addresses: &[String],
    users: &mut HashMap<String, Owner>,
    now: DateTime<Utc>,
) -> Result<HashMap<RegistrationId, Entry>, Fault> {
    let created: HashSet<RegistrationId> = users.values().filter_map(|u| u.created_by).collect();
    let known: HashSet<&str> =
        addresses.iter().map(String::as_str).filter(|a| !users.contains_key(*a)).collect();
    let ids: HashSet<Uuid> = batch
        .iter()
        .map(|item| item.registration_id)
        .filter(|id| !created.contains(id))
        .map(|id| id.0)
        .collect();
    users.extend(lock_users(tx, &Vec::from_iter(known)).await?);
    // A statement of its own, after the locks: it sees what those who held them have written.
    let ledger = known_registrations(tx, &Vec::from_iter(ids)).await?;
    // An item whose id was known may have stood before another of the same new address.
    let is_known = |id, address: &str| ledger.contains_key(&id) || users.contains_key(address);
    let others = candidates(batch, addresses, is_known);
    let inserted = insert_users(tx, &others, now).await?;
    users.extend(inserted);
    Ok(ledger)
}

impl<'a> Rows<'a> {
    fn push(&mut self, item: &'a NewRegistration, entry: &Entry, stored_at: DateTime<Utc>) {
        self.registration_ids.push(item.registration_id.0);
        self.user_ids.push(entry.user_id.0);
        self.emails.push(item.person.email.as_str());
        self.outcomes.push(entry.outcome.as_str());
        self.notification_ids.push(entry.notification_id.map(|id| id.0));
        self.locales.push(item.locale.as_deref().and_then(text::language_tag));
        self.submitted.push(time::stored(item.submitted_at));
        self.stored.push(stored_at);
    }

    async fn insert(self, tx: &mut Tx) -> Result<(), Fault> {
        if self.registration_ids.is_empty() {
            return Ok(());
        }
        let inserted = sqlx::query(INSERT_THE_REST)
            .bind(self.registration_ids)
            .bind(self.user_ids)
            .bind(self.emails)
            .bind(self.outcomes)
            .bind(self.notification_ids)
            .bind(self.locales)
            .bind(self.submitted)
            .bind(self.stored)
            .bind(template::CONFIRMATION)
            .bind(template::ALREADY_REGISTERED)
            .execute(&mut **tx)
            .await;
        match inserted {
            // Another recorded one of these ids at this moment, of another address.
            Err(e) if is_taken(&e) => Err(Fault::Again),
            result => Ok(result.map(drop)?),
        }
    }
}
