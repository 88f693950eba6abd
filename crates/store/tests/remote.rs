//! How the client of the Database Service takes what a network and a failing service do to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::Utc;
use domain::{NotificationId, Recipient, Registration, RegistrationId, UserFilter, UserId};
use futures::StreamExt;
use store::{
    Deliveries, NewRegistration, NotificationRequest, Order, Overview, Registrations, RemoteStore,
    StoreError, Users,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

/// Answers one connection after the other with these bytes, and then closes it; the last answer again
/// and again. Remembers the requests' heads.
async fn script(answers: &'static [&'static str]) -> (RemoteStore, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = heads.clone();
    tokio::spawn(async move {
        for n in 0.. {
            let (mut connection, _) = listener.accept().await.unwrap();
            let head = request(&mut connection).await;
            seen.lock().unwrap().push(head);
            let answer = answers[n.min(answers.len() - 1)];
            if answer == SILENCE {
                std::mem::forget(connection);
                continue;
            }
            connection.write_all(answer.as_bytes()).await.unwrap();
            connection.shutdown().await.unwrap();
        }
    });
    let client = testkit::http_client_builder().read_timeout(Duration::from_millis(500));
    let client = client.build().unwrap();
    let count = Mutex::new(0);
    let token = Arc::new(move || {
        *count.lock().unwrap() += 1;
        format!("token{}", count.lock().unwrap())
    });
    (RemoteStore::new(base, client, token), heads)
}

/// The script's word for no answer at all.
const SILENCE: &str = "";

/// Reads a whole request; returns its head.
async fn request(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let n = connection.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
            if n == 0 || body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                return head.to_owned();
            }
        }
        assert!(n > 0, "the request broke off");
    }
}

fn person() -> Registration {
    Registration::parse("Ada", "Lovelace", "ada@example.com").unwrap()
}

fn registration() -> NewRegistration {
    NewRegistration {
        registration_id: RegistrationId(Uuid::now_v7()),
        person: person(),
        submitted_at: Utc::now(),
        locale: None,
    }
}

fn is_away<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable(_)))
}

const AWAY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
const STATS: &str = "HTTP/1.1 200 OK\r\ncontent-length: 89\r\n\r\n\
    {\"users\":{\"total\":7,\"confirmed\":1,\"today\":2},\"notifications\":{},\"reports\":{\"done\":12345}}";

#[tokio::test]
async fn a_service_that_is_not_there_is_an_outage() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = testkit::http_client();
    let store = RemoteStore::new(format!("http://{gone}"), client, Arc::new(String::new));
    assert!(is_away(&store.check().await));
    assert!(is_away(&store.record(&[registration()]).await));
    assert!(is_away(&store.create_user(&person()).await));
    let filter = UserFilter { q: Some("secretly".into()), ..UserFilter::default() };
    let error = store.users(&filter, None, 10, Order::Ascending).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)));
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(!error.to_string().contains("secretly"), "what was looked for stays out of logs");
    assert!(is_away(&store.export_users(&UserFilter::default()).await.map(drop)));
}

#[tokio::test]
async fn a_moment_of_absence_goes_unnoticed() {
    for first in [
        AWAY,
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n",
        // Hung up instead of answering.
        "HTTP/1.1 ",
    ] {
        let answers: &'static [&'static str] = Box::leak(Box::new([first, STATS]));
        let (store, heads) = script(answers).await;
        assert_eq!(store.stats().await.unwrap().users.total, 7, "{first}");
        let heads = heads.lock().unwrap();
        assert_eq!(heads.len(), 2);
        assert!(heads[0].starts_with("GET /stats HTTP/1.1"), "{}", heads[0]);
        assert!(heads[0].contains("authorization: Bearer token1"), "{}", heads[0]);
        assert!(heads[1].contains("authorization: Bearer token2"), "a fresh one for each");
    }
}

#[tokio::test]
async fn what_lasts_is_an_outage() {
    for status in ["502 Bad Gateway", "503 Away", "429 Too Many Requests"] {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        let (store, heads) = script(Box::leak(Box::new([&*answer.leak()]))).await;
        assert!(is_away(&store.stats().await), "{status}");
        assert_eq!(heads.lock().unwrap().len(), 3, "asked three times");
    }
}

#[tokio::test]
async fn what_the_store_fails_at_again_and_again_is_not() {
    let (store, heads) =
        script(&["HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"]).await;
    let error = store.record(&[registration()]).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)), "{error}");
    assert_eq!(heads.lock().unwrap().len(), 3, "asked three times");
}

#[tokio::test]
async fn recording_and_claiming_may_be_repeated() {
    let (store, heads) = script(&[AWAY]).await;
    assert!(is_away(&store.record(&[registration()]).await));
    let request = NotificationRequest {
        notification_id: NotificationId(Uuid::now_v7()),
        to: Recipient::User(UserId(1)),
        notification_type: "x".into(),
        context: serde_json::Map::new(),
        claimer: Uuid::now_v7(),
    };
    assert!(is_away(&store.claim_notifications(&[request], Duration::from_mins(1)).await));
    assert_eq!(heads.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn what_may_have_happened_is_not_asked_for_again() {
    let (store, heads) = script(&[AWAY]).await;
    assert!(is_away(&store.create_user(&person()).await));
    assert!(is_away(&store.update_user(UserId(1), &person(), None).await));
    assert!(is_away(&store.delete_user(UserId(1)).await));
    assert_eq!(heads.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn silence_is_an_outage_and_not_waited_for_twice() {
    let (store, heads) = script(&[SILENCE]).await;
    assert!(is_away(&store.stats().await));
    assert_eq!(heads.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn another_answer_is_a_failure_that_says_what_came() {
    for (answer, told) in [
        ("HTTP/1.1 418 I'm a teapot\r\ncontent-length: 5\r\n\r\nshort", "418"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{\"x\":", "not as agreed"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "not as agreed"),
    ] {
        let (store, _) = script(Box::leak(Box::new([answer]))).await;
        let error = store.stats().await.unwrap_err();
        assert!(matches!(&error, StoreError::Failed(e) if e.contains(told)), "{error}");
    }
    let empty = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"outcomes\":[]}";
    let (store, _) = script(Box::leak(Box::new([empty]))).await;
    let error = store.record(&[registration()]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Failed(e) if e.contains("0 outcomes to 1")), "{error}");
}

/// While secrets are being changed, or differ, registrations wait: no attempt counts against them.
#[tokio::test]
async fn a_token_that_is_not_accepted_is_an_outage_that_says_so() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let body = "{\"detail\":\"This token is for another one.\"}";
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let (store, _) = script(Box::leak(Box::new([&*answer.leak()]))).await;
        let error = store.record(&[registration()]).await.unwrap_err();
        let told = format!("{status}: This token is for another one.");
        assert!(matches!(&error, StoreError::Unavailable(e) if e.contains(&told)), "{error}");
    }
}

const USER: &str = "{\"id\":1,\"registration_id\":null,\"name\":\"A\",\"surname\":\"B\",\"email\":\"a@example.com\",\
    \"created_at\":\"2026-01-02T03:04:05Z\",\"updated_at\":\"2026-01-02T03:04:05Z\",\"confirmed_at\":null}\n";

/// What an export gives whose body comes in these chunks; the last may be a part.
async fn exported(body: String) -> (usize, Option<StoreError>) {
    let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
    let (store, _) = script(Box::leak(Box::new([&*answer.leak()]))).await;
    let mut rows = store.export_users(&UserFilter::default()).await.unwrap().rows();
    let (mut good, mut bad) = (0, None);
    while let Some(row) = rows.next().await {
        assert!(bad.is_none(), "nothing comes behind an error");
        match row {
            Ok(_) => good += 1,
            Err(error) => bad = Some(error),
        }
    }
    (good, bad)
}

#[tokio::test]
async fn a_cut_export_is_never_a_short_success() {
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let rows = chunk(&USER.repeat(3));
    assert!(matches!(exported(format!("{rows}0\r\n\r\n")).await, (3, None)));
    assert!(matches!(exported("0\r\n\r\n".into()).await, (0, None)));
    // The end of the body does not come.
    assert!(matches!(exported(rows.clone()).await, (3, Some(StoreError::Unavailable(_)))));
    assert!(matches!(exported(String::new()).await, (0, Some(StoreError::Unavailable(_)))));
    // The body ends, but within a row; or the connection ends within a chunk.
    let part = chunk(&USER[..50]);
    let within = exported(format!("{rows}{part}0\r\n\r\n")).await;
    assert!(matches!(within, (3, Some(StoreError::Unavailable(_)))));
    let within = exported(format!("{rows}{}", &rows[..rows.len() / 2])).await;
    assert!(matches!(within.1, Some(StoreError::Unavailable(_))));
    // What is no row.
    let error = chunk("{\"error\":\"oh\"}\n");
    let foreign = exported(format!("{rows}{error}0\r\n\r\n")).await;
    assert!(matches!(foreign, (3, Some(StoreError::Failed(_)))));
}
