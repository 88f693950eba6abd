//! Recording a batch: read what is known, decide, write; a handful of statements whatever its size.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{NotificationId, RegistrationId, UserId, template};
use serde::Serialize;

use super::{
    SqliteStore, Tx,
    error::StoreResult,
    known::{Owner, known_registrations, known_users, recent_mails},
    row::{get, json, uuid},
    time,
};
use crate::{
    MAILS_PER_ADDRESS_AND_DAY, NewRegistration, RecordOutcome, Recorded, StoreError, count_stored,
    sql::{
        outcome::{Entry, answer, candidates, repeated},
        text,
    },
};

const INSERT_USERS: &str = "
    INSERT INTO users (registration_id, name, surname, email, search, created_at, updated_at)
    SELECT value ->> 'registration_id', value ->> 'name', value ->> 'surname', value ->> 'email',
           value ->> 'search', ?2, ?2
    FROM jsonb_each(?1)
    RETURNING id, registration_id";

const INSERT_REGISTRATIONS: &str = "
    INSERT INTO registrations
        (registration_id, user_id, email, outcome, notification_id, locale, submitted_at, stored_at)
    SELECT value ->> 'registration_id', value ->> 'user_id', value ->> 'email',
           value ->> 'outcome', value ->> 'notification_id', value ->> 'locale',
           value ->> 'submitted_at', ?2
    FROM jsonb_each(?1)";

const INSERT_NOTIFICATIONS: &str = "
    INSERT INTO notification_logs
        (notification_id, user_id, notification_type, status, locale, created_at)
    SELECT value ->> 'notification_id', value ->> 'user_id',
           CASE value ->> 'outcome' WHEN 'created' THEN ?3 ELSE ?4 END, 'queued',
           value ->> 'locale', ?2
    FROM jsonb_each(?1)
    WHERE value ->> 'notification_id' IS NOT NULL
    -- One that a sender claimed before the row was there has been put into the log by that.
    ON CONFLICT (notification_id) DO NOTHING";

#[derive(Serialize)]
struct UserRow<'a> {
    registration_id: RegistrationId,
    name: &'a str,
    surname: &'a str,
    email: &'a str,
    search: String,
}

#[derive(Serialize)]
struct RegistrationRow<'a> {
    registration_id: RegistrationId,
    user_id: UserId,
    email: &'a str,
    outcome: &'static str,
    notification_id: Option<NotificationId>,
    locale: Option<&'a str>,
    submitted_at: String,
}

pub(super) async fn record(
    store: &SqliteStore,
    batch: &[NewRegistration],
) -> Result<Vec<Recorded>, StoreError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let addresses: Vec<String> = batch.iter().map(|item| item.person.email.canonical()).collect();
    let mut tx = store.begin().await?;
    // Taken inside: this transaction's time is later than that of every one before it.
    let now = time::now();
    let mut ledger = known_registrations(&mut tx, batch).await?;
    let mut users = known_users(&mut tx, &addresses).await?;
    insert_users(&mut tx, batch, &addresses, &ledger, &mut users, now).await?;
    let mut mails = recent_mails(&mut tx, batch, &addresses, &ledger, &users, now).await?;

    let mut rows = Vec::with_capacity(batch.len());
    let mut recorded = Vec::with_capacity(batch.len());
    for (item, address) in batch.iter().zip(&addresses) {
        if let Some(entry) = ledger.get(&item.registration_id) {
            recorded.push(repeated(item, address, entry));
            continue;
        }
        let user = users
            .get(address)
            .ok_or_else(|| StoreError::Failed("a user that was inserted is not there".into()))?;
        let outcome = if user.created_by == Some(item.registration_id) {
            RecordOutcome::Created
        } else {
            RecordOutcome::Duplicate
        };
        let sent = mails.entry(user.id).or_default();
        let notification_id = (*sent < MAILS_PER_ADDRESS_AND_DAY).then(|| {
            *sent += 1;
            NotificationId::of_registration(item.registration_id)
        });
        let entry = Entry { address: address.clone(), user_id: user.id, outcome, notification_id };
        recorded.push(answer(item, outcome, &entry));
        rows.push(RegistrationRow {
            registration_id: item.registration_id,
            user_id: user.id,
            email: item.person.email.as_str(),
            outcome: outcome.as_str(),
            notification_id,
            locale: item.locale.as_deref().and_then(text::language_tag),
            submitted_at: time::text(item.submitted_at),
        });
        ledger.insert(item.registration_id, entry);
    }
    insert_registrations(&mut tx, &rows, now).await?;
    tx.commit().await.store()?;
    count_stored(recorded.iter().map(|r| r.outcome));
    Ok(recorded)
}

/// Inserts a user for the first item of every address that has none, and adds it to `users`.
async fn insert_users(
    tx: &mut Tx,
    batch: &[NewRegistration],
    addresses: &[String],
    ledger: &HashMap<RegistrationId, Entry>,
    users: &mut HashMap<String, Owner>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    let mut address_of = HashMap::new();
    let is_known = |id, address: &str| ledger.contains_key(&id) || users.contains_key(address);
    for (item, address) in candidates(batch, addresses, is_known) {
        address_of.insert(item.registration_id, address);
        let person = &item.person;
        let (name, surname, email) =
            (person.name.as_str(), person.surname.as_str(), person.email.as_str());
        let search = text::search_of(person);
        let registration_id = item.registration_id;
        rows.push(UserRow { registration_id, name, surname, email, search });
    }
    if rows.is_empty() {
        return Ok(());
    }
    let inserted = sqlx::query(INSERT_USERS)
        .bind(json(&rows)?)
        .bind(time::text(now))
        .fetch_all(&mut **tx)
        .await
        .store()?;
    for row in &inserted {
        let registration_id = RegistrationId(uuid(row, 1).store()?);
        if let Some(address) = address_of.get(&registration_id) {
            let id = UserId(get(row, 0).store()?);
            users.insert((*address).to_owned(), Owner { id, created_by: Some(registration_id) });
        }
    }
    Ok(())
}

async fn insert_registrations(
    tx: &mut Tx,
    rows: &[RegistrationRow<'_>],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let (json, now) = (json(rows)?, time::text(now));
    sqlx::query(INSERT_REGISTRATIONS).bind(&json).bind(&now).execute(&mut **tx).await.store()?;
    sqlx::query(INSERT_NOTIFICATIONS)
        .bind(&json)
        .bind(&now)
        .bind(template::CONFIRMATION)
        .bind(template::ALREADY_REGISTERED)
        .execute(&mut **tx)
        .await
        .store()?;
    Ok(())
}
