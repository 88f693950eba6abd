//! The suite that every backend passes. [`store_conformance!`](crate::store_conformance) makes a test
//! of each case:
//!
//! ```ignore
//! /// An empty store of its own, and what must live as long as it.
//! async fn open() -> (Arc<dyn Store>, TempDir) { ... }
//!
//! store::store_conformance!(open);
//! ```
//!
//! The calling package needs `tokio` with its macros.

#![allow(missing_docs, reason = "the name of a case says what it checks")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "these are tests")]

pub mod accounts;
pub mod attempts;
pub mod claims;
pub mod concurrency;
pub mod confirmations;
pub mod export;
pub mod hostile;
pub mod logins;
pub mod notifications;
pub mod overview;
pub mod paging;
pub mod registrations;
pub mod reports;
pub mod schedules;
pub mod search;
pub mod templates;
pub mod traces;
pub mod updates;
pub mod users;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{Recipient, Registration, RegistrationId, ReportId, UserFilter};
use futures::TryStreamExt;
use serde_json::{Map, json};
use uuid::Uuid;

use crate::{
    NewRegistration, NewReport, NotificationRequest, Order, Recorded, Report, Store, User,
};

/// What a case gets: a store with nothing in it.
pub type AnyStore = Arc<dyn Store>;

/// One `#[tokio::test]` for each case, each with a store of its own.
///
/// Takes the name of an async function without arguments that returns a pair of an
/// `Arc<dyn Store>` and a guard, which is dropped after the case.
#[macro_export]
macro_rules! store_conformance {
    ($open:ident) => {
        $crate::store_conformance_cases! { $open,
            registrations: [
                a_new_address_becomes_a_user,
                a_known_address_does_not,
                a_registration_counts_once,
                repeats_within_a_batch,
                an_id_with_another_address_is_invalid,
                answers_keep_the_order_of_a_large_batch,
                an_empty_batch_is_nothing,
                mails_to_an_address_are_limited,
                a_user_created_directly_is_known,
                a_changed_address_leaves_the_old_one_free,
                a_deleted_user_may_register_again,
                what_is_odd_but_harmless_is_taken,
            ],
            traces: [
                a_trace_follows_the_registration,
                a_failed_mail_is_told,
                a_withheld_mail_mirrors_the_latest,
                a_mirrored_mail_takes_its_time,
                a_repeated_registration_does_not_tell_of_the_first,
            ],
            confirmations: [
                the_first_time_stays,
                any_registration_of_the_address_will_do,
                a_changed_address_is_not_confirmed_by_the_old_one,
                who_leaves_is_gone,
                a_changed_address_does_not_leave_by_the_old_one,
            ],
            users: [
                an_address_is_taken_in_any_letter_case,
                who_is_not_there_is_none,
                deleting_takes_all_that_belongs_to_it,
                an_id_is_never_given_again,
            ],
            updates: [
                an_update_has_four_outcomes,
                updated_at_grows_every_time,
                a_changed_address_is_unconfirmed,
                what_is_found_follows_the_update,
            ],
            search: [
                a_part_of_each_field_is_found_in_any_letter_case,
                wildcards_are_letters,
                confirmed_and_created_filter,
                filters_work_together,
            ],
            paging: [
                pages_visit_each_user_once,
                pages_hold_while_rows_come_and_go,
                pages_visit_each_notification_once,
                pages_visit_each_report_once,
            ],
            export: [
                an_export_has_every_row_in_order,
                an_export_has_what_the_list_has,
                an_export_is_of_one_moment,
                a_dropped_export_is_over,
            ],
            claims: [
                a_claim_gives_what_a_mail_needs,
                a_claim_holds_others_off_until_it_ends,
                a_claim_is_renewed_by_its_claimer,
                an_expired_claim_is_taken_over,
                what_the_log_does_not_know_is_added,
                a_mail_may_go_to_an_address_that_is_no_users,
                a_mail_speaks_the_language_of_its_registration,
                claims_are_answered_in_order,
                no_request_and_no_attempt_is_nothing,
            ],
            attempts: [
                a_sent_mail_is_settled,
                a_failed_mail_is_settled,
                a_retried_mail_can_be_claimed_again,
                an_attempt_told_twice_counts_once,
                what_was_sent_stays_sent,
                attempts_in_one_batch_count_in_order,
                attempts_at_unknown_mails_are_passed_over,
                every_attempt_is_kept_with_its_reply,
                a_claim_given_back_counts_nothing,
                a_sender_not_heard_of_again_is_noted,
                an_undeliverable_address_is_not_tried_until_it_is_cleared,
                another_address_is_deliverable,
            ],
            notifications: [
                a_mail_is_added_once,
                a_mail_is_queued_again,
                the_log_is_newest_first_and_filtered,
                who_is_not_there_is_none,
            ],
            templates: [
                every_change_is_a_version,
                a_change_that_changes_nothing_is_no_version,
                each_language_has_versions_of_its_own,
                sources_survive,
            ],
            reports: [
                a_report_is_requested_once,
                a_report_is_claimed_by_one_generator,
                an_expired_claim_is_taken_over,
                a_finished_report_is_settled,
                a_failed_report_says_why,
                an_end_is_recorded_once_and_by_its_owner,
                a_renewed_claim_tells_how_far_it_is,
                a_cancelled_report_is_over,
                outdated_files_are_found_and_forgotten,
                a_deleted_report_is_gone,
                long_texts_are_cut,
            ],
            schedules: [
                a_schedule_is_created_once,
                a_schedule_is_changed_and_deleted,
                pages_visit_each_schedule_once,
                a_slot_is_due_when_it_has_come,
                a_slot_is_advanced_from_where_it_was_seen,
                the_latest_report_is_told,
            ],
            accounts: [
                the_first_account_is_the_only_one,
                an_account_is_found_in_any_letter_case,
                a_session_lasts_until_it_ends,
                a_session_may_be_opened_and_closed_twice,
                a_session_of_nobody_is_none,
                accounts_are_made_changed_and_deleted,
                the_last_administrator_stays,
                a_new_password_ends_sessions,
            ],
            logins: [
                failures_beyond_the_free_ones_wait,
                a_success_takes_back_its_own_failures,
                every_subject_counts,
                of_many_at_once_no_more_than_the_free_ones_pass,
            ],
            overview: [
                an_empty_store_counts_nothing,
                everything_is_counted,
                who_came_is_counted_by_minute,
            ],
            hostile: [
                texts_survive_byte_for_byte,
                replies_survive_byte_for_byte,
            ],
            concurrency: [
                overlapping_batches_store_everything_once,
                one_claimer_of_eight_gets_the_mail,
                a_report_deleted_while_it_is_requested_stays_deleted,
                one_generator_of_eight_gets_the_report,
                one_account_of_eight_is_the_first,
                one_of_eight_changes_wins,
                eight_texts_at_once_are_eight_versions,
            ],
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! store_conformance_cases {
    ($open:ident, $($group:ident: [$($case:ident),* $(,)?]),* $(,)?) => {$(
        mod $group {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let (store, guard) = super::$open().await;
                    $crate::conformance::$group::$case(store).await;
                    drop(guard);
                }
            )*
        }
    )*};
}

/// A person of this address.
pub(crate) fn person(email: &str) -> Registration {
    Registration::parse("Ada", "Lovelace", email).unwrap()
}

/// A registration of this address, with a new id.
pub(crate) fn registration(email: &str) -> NewRegistration {
    of(&person(email))
}

/// A registration of this person, with a new id.
pub(crate) fn of(person: &Registration) -> NewRegistration {
    NewRegistration {
        registration_id: RegistrationId(Uuid::now_v7()),
        person: person.clone(),
        submitted_at: at("2026-01-02T03:04:05.678901Z"),
        locale: Some("de-CH".into()),
    }
}

/// `user0@example.com` and so on.
pub(crate) fn address(n: usize) -> String {
    format!("user{n}@example.com")
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Records one registration.
pub(crate) async fn record(store: &AnyStore, registration: &NewRegistration) -> Recorded {
    let [recorded] =
        <[_; 1]>::try_from(store.record(std::slice::from_ref(registration)).await.unwrap())
            .unwrap();
    recorded
}

/// Registers an address and returns what a sender is asked to send.
pub(crate) async fn registered(store: &AnyStore, email: &str) -> NotificationRequest {
    request(&record(store, &registration(email)).await)
}

/// A report that nobody has asked for yet.
pub(crate) fn new_report() -> NewReport {
    NewReport {
        report_id: ReportId::new(),
        report_name: "All of them".into(),
        format: "csv".into(),
        request: json!({}),
        requested_by: None,
        schedule_id: None,
    }
}

/// Asks for a report that was never deleted.
pub(crate) async fn ask_for(store: &AnyStore, new: &NewReport) -> Report {
    store.request_report(new).await.unwrap().expect("it was never deleted")
}

/// What a sender is asked to send.
pub(crate) fn request(recorded: &Recorded) -> NotificationRequest {
    NotificationRequest {
        notification_id: recorded.notification_id.unwrap(),
        to: Recipient::User(recorded.user_id.unwrap()),
        notification_type: recorded.notification_type.clone().unwrap(),
        context: Map::new(),
        claimer: Uuid::now_v7(),
    }
}

/// The same e-mail, asked for by another message.
pub(crate) fn by_another(request: &NotificationRequest) -> NotificationRequest {
    NotificationRequest { claimer: Uuid::now_v7(), ..request.clone() }
}

/// Every user that passes a filter, page by page.
pub(crate) async fn all_users(store: &AnyStore, filter: &UserFilter) -> Vec<User> {
    let (mut users, mut after) = (Vec::new(), None);
    loop {
        let page = store.users(filter, after, 100, Order::Ascending).await.unwrap();
        users.extend(page.items);
        after = page.next;
        if after.is_none() {
            return users;
        }
    }
}

/// Every user that passes a filter, as a stream.
pub(crate) async fn exported(store: &AnyStore, filter: &UserFilter) -> Vec<User> {
    store.export_users(filter).await.unwrap().rows().try_collect().await.unwrap()
}

/// A filter by text.
pub(crate) fn containing(q: &str) -> UserFilter {
    UserFilter { q: Some(q.into()), ..UserFilter::default() }
}
