//! Who sends which e-mail.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{EmailAddress, NotificationId, Recipient, Registration, UserId};
use serde_json::{Map, json};
use uuid::Uuid;

use super::{AnyStore, by_another, of, person, record, registered, registration, request};
use crate::{
    AttemptOutcome, Mail, NotificationAttempt, NotificationClaim, NotificationFilter,
    NotificationRequest, NotificationStatus,
};

const MINUTE: Duration = Duration::from_mins(1);

/// Claims one e-mail.
async fn claim(
    store: &AnyStore,
    request: &NotificationRequest,
    lease: Duration,
) -> NotificationClaim {
    let claims = store.claim_notifications(std::slice::from_ref(request), lease).await.unwrap();
    let [claim] = <[_; 1]>::try_from(claims).unwrap();
    claim
}

fn granted(claim: NotificationClaim) -> Mail {
    match claim {
        NotificationClaim::Granted(mail) => mail,
        other => panic!("not granted: {other:?}"),
    }
}

fn held_until(claim: &NotificationClaim) -> DateTime<Utc> {
    match claim {
        NotificationClaim::Held { until } => *until,
        other => panic!("not held: {other:?}"),
    }
}

pub async fn a_claim_gives_what_a_mail_needs(store: AnyStore) {
    let item = of(&Registration::parse("Grace", "Hopper", "grace@example.com").unwrap());
    let request = request(&record(&store, &item).await);
    let logged = store.notification(request.notification_id).await.unwrap().unwrap();
    let mail = granted(claim(&store, &request, MINUTE).await);
    let expected = Mail {
        notification_id: request.notification_id,
        name: "Grace".into(),
        surname: "Hopper".into(),
        email: "grace@example.com".into(),
        registration_id: Some(item.registration_id),
        confirmed: false,
        locale: Some("de-CH".into()),
        created_at: logged.created_at,
        attempts: 0,
    };
    assert_eq!(mail, expected);
    let sending = store.notification(request.notification_id).await.unwrap().unwrap();
    assert_eq!(sending.status, NotificationStatus::Sending);
    assert_eq!(sending.attempts, 0, "a claim is no attempt");
}

pub async fn a_claim_holds_others_off_until_it_ends(store: AnyStore) {
    let request = registered(&store, "ada@example.com").await;
    let before = Utc::now();
    granted(claim(&store, &request, MINUTE).await);
    let other = by_another(&request);
    let until = held_until(&claim(&store, &other, MINUTE).await);
    let lease = TimeDelta::seconds(60);
    assert!(until >= before + lease - TimeDelta::seconds(5), "{until}");
    assert!(until <= Utc::now() + lease + TimeDelta::seconds(5), "{until}");
    // Asking does not make it longer.
    assert_eq!(held_until(&claim(&store, &other, MINUTE * 60).await), until);
}

pub async fn a_claim_is_renewed_by_its_claimer(store: AnyStore) {
    let request = registered(&store, "ada@example.com").await;
    let other = by_another(&request);
    let mail = granted(claim(&store, &request, MINUTE).await);
    let until = held_until(&claim(&store, &other, MINUTE).await);
    // As after an answer that was lost on its way.
    assert_eq!(granted(claim(&store, &request, MINUTE * 10).await), mail);
    assert!(held_until(&claim(&store, &other, MINUTE).await) > until);
}

pub async fn an_expired_claim_is_taken_over(store: AnyStore) {
    let request = registered(&store, "ada@example.com").await;
    granted(claim(&store, &request, Duration::ZERO).await);
    granted(claim(&store, &by_another(&request), Duration::ZERO).await);
    granted(claim(&store, &by_another(&request), MINUTE).await);
    held_until(&claim(&store, &request, MINUTE).await);
}

pub async fn what_the_log_does_not_know_is_added(store: AnyStore) {
    let user = store.create_user(&person("ada@example.com")).await.unwrap().unwrap();
    let welcome = NotificationRequest {
        notification_id: NotificationId(Uuid::now_v7()),
        to: Recipient::User(user.id),
        notification_type: "welcome".into(),
        context: Map::new(),
        claimer: Uuid::now_v7(),
    };
    let mail = granted(claim(&store, &welcome, MINUTE).await);
    assert_eq!((mail.registration_id, mail.locale), (None, None));
    let logged = store.notification(welcome.notification_id).await.unwrap().unwrap();
    assert_eq!(logged.notification_type, "welcome");
    assert_eq!((logged.user_id, logged.recipient), (Some(user.id), "ada@example.com".into()));

    let nobody = NotificationRequest {
        notification_id: NotificationId(Uuid::now_v7()),
        to: Recipient::User(UserId(4711)),
        notification_type: "welcome".into(),
        context: Map::new(),
        claimer: Uuid::now_v7(),
    };
    assert_eq!(claim(&store, &nobody, MINUTE).await, NotificationClaim::UnknownUser);
    assert_eq!(store.notification(nobody.notification_id).await.unwrap(), None);

    assert!(store.delete_user(user.id).await.unwrap());
    assert_eq!(claim(&store, &welcome, MINUTE).await, NotificationClaim::UnknownUser);

    let mut long = registered(&store, "long@example.com").await;
    long.notification_id = NotificationId(Uuid::now_v7());
    long.notification_type = "ä".repeat(5000);
    granted(claim(&store, &long, MINUTE).await);
    let logged = store.notification(long.notification_id).await.unwrap().unwrap();
    assert_eq!(logged.notification_type, "ä".repeat(50), "the column is as long as that");
}

pub async fn a_mail_may_go_to_an_address_that_is_no_users(store: AnyStore) {
    let to = EmailAddress::parse("Board@Example.com").unwrap();
    let context = json!({"report_name": "x'\"👩", "record_count": 7});
    let report = NotificationRequest {
        notification_id: NotificationId(Uuid::now_v7()),
        to: Recipient::Address(to.clone()),
        notification_type: "report_ready".into(),
        context: context.as_object().unwrap().clone(),
        claimer: Uuid::now_v7(),
    };
    let mail = granted(claim(&store, &report, MINUTE).await);
    assert_eq!((mail.name.as_str(), mail.surname.as_str()), ("", ""));
    assert_eq!(mail.email, to.as_str());
    assert_eq!((mail.registration_id, mail.locale, mail.confirmed), (None, None, false));
    held_until(&claim(&store, &by_another(&report), MINUTE).await);
    let logged = store.notification(report.notification_id).await.unwrap().unwrap();
    assert_eq!((logged.user_id, logged.recipient.as_str()), (None, to.as_str()));
    assert_eq!(logged.context, report.context, "so that it can be sent again");

    let refused = NotificationAttempt {
        notification_id: report.notification_id,
        outcome: AttemptOutcome::Failed,
        reply: "550 no such mailbox".into(),
        at: Utc::now(),
        undeliverable: true,
    };
    store.record_attempts(&[refused]).await.unwrap();
    let again = store.requeue_notification(report.notification_id).await.unwrap().unwrap();
    assert_eq!((again.status, again.attempts), (NotificationStatus::Queued, 1));
    assert_eq!(again.context, report.context);
    let log = store.notifications(&NotificationFilter::default(), None, 10).await.unwrap();
    assert_eq!(log.items, [again]);
    // A user that comes and goes with the same address has nothing to do with it.
    let user = store.create_user(&person("board@example.com")).await.unwrap().unwrap();
    assert!(store.delete_user(user.id).await.unwrap());
    assert!(store.notification(report.notification_id).await.unwrap().is_some());
}

pub async fn a_mail_speaks_the_language_of_its_registration(store: AnyStore) {
    let mut german = registration("ada@example.com");
    german.locale = Some("de".into());
    let mut french = registration("ada@example.com");
    french.locale = Some("fr".into());
    let mut silent = registration("ada@example.com");
    silent.locale = None;
    let recorded = store.record(&[german, french, silent]).await.unwrap();
    let requests: Vec<_> = recorded.iter().map(request).collect();
    let claims = store.claim_notifications(&requests, MINUTE).await.unwrap();
    let locales: Vec<_> = claims.into_iter().map(|claim| granted(claim).locale).collect();
    assert_eq!(locales, [Some("de".into()), Some("fr".into()), None]);
    for (request, locale) in requests.iter().zip(locales) {
        let told = store.notification_locale(request.notification_id).await.unwrap();
        assert_eq!(told, locale);
    }
    let nobody = store.notification_locale(NotificationId(Uuid::now_v7())).await.unwrap();
    assert_eq!(nobody, None);
    // One that no registration caused speaks that of the first.
    let mut later = requests[0].clone();
    later.notification_id = NotificationId(Uuid::now_v7());
    assert_eq!(granted(claim(&store, &later, MINUTE).await).locale, Some("de".into()));
}

pub async fn claims_are_answered_in_order(store: AnyStore) {
    let one = registered(&store, "one@example.com").await;
    let two = registered(&store, "two@example.com").await;
    let mut nobody = one.clone();
    nobody.notification_id = NotificationId(Uuid::now_v7());
    nobody.to = Recipient::User(UserId(-1));
    granted(claim(&store, &two, MINUTE).await);
    let claims = store
        .claim_notifications(&[nobody, by_another(&two), one.clone(), by_another(&one)], MINUTE)
        .await
        .unwrap();
    assert_eq!(claims.len(), 4);
    assert_eq!(claims[0], NotificationClaim::UnknownUser);
    held_until(&claims[1]);
    assert!(matches!(&claims[2], NotificationClaim::Granted(m) if m.email == "one@example.com"));
    assert!(held_until(&claims[3]) > Utc::now(), "the same e-mail twice is one's to send once");
}

pub async fn no_request_and_no_attempt_is_nothing(store: AnyStore) {
    assert_eq!(store.claim_notifications(&[], MINUTE).await.unwrap(), []);
    store.record_attempts(&[]).await.unwrap();
}
