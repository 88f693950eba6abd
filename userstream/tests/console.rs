//! The console's calls: who may do what, what is live, and what is done to many.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use queue::{EmbeddedQueue, EmbeddedSettings, Message, Queue};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use testkit::{Console, System, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

async fn try_login(system: &System, email: &str, password: &str) -> reqwest::Response {
    let call = system.http().post(system.url("/api/admin/login"));
    call.json(&json!({"email": email, "password": password})).send().await.unwrap()
}

/// The status of a call, and its body where that is JSON.
async fn ask(console: &Console, method: Method, path: &str, body: Value) -> (u16, Value) {
    let answer = console.call(method, path).json(&body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn guessing_a_password_takes_longer_and_longer() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let wrong = "not this one either";
    let new = json!({"email": "ada@example.com", "password": "a first password", "role": "viewer"});
    assert_eq!(ask(&console, Method::POST, "/team", new).await.0, 201);

    for email in ["ada@example.com", "nobody@example.com"] {
        for n in 1..=6 {
            let answer = try_login(&system, email, wrong).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{email} {n}");
        }
        // The right password is no better now: else a guesser would know it by that.
        let refused = try_login(&system, email, "a first password").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "{email}");
        assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    }
    let other = try_login(&system, "admin@example.com", "correct horse battery").await;
    assert_eq!(other.status(), 204, "another account is not slowed");
    let cookie = other.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.starts_with("userstream_session=") && !cookie.starts_with("userstream_session=;")
    );
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200"), "{cookie}");
    eventually("the wait is over", || async {
        let answer = try_login(&system, "ada@example.com", "a first password").await;
        (answer.status() == 204).then_some(())
    })
    .await;
    let again = try_login(&system, "ada@example.com", wrong).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED, "who has logged in begins anew");
}

#[tokio::test]
async fn a_viewer_looks_and_changes_nothing() {
    let system = System::start(BINARY, &[]).await;
    let administrator = system.console().await;
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    system.reaches(&id, "stored").await;
    let new = json!({"email": "v@example.com", "password": "a first password", "role": "viewer"});
    let (status, made) = ask(&administrator, Method::POST, "/team", new.clone()).await;
    assert_eq!((status, &made["role"]), (201, &json!("viewer")));
    assert!(made.get("password_hash").is_none());
    assert_eq!(ask(&administrator, Method::POST, "/team", new).await.0, 409);

    let viewer =
        Console::log_in(system.http().clone(), system.url(""), "v@example.com", "a first password")
            .await;
    assert_eq!(viewer.get("/me").await["role"], "viewer");
    assert_eq!(viewer.get("/users").await["items"][0]["name"], "Ada");
    let person = json!({"name": "Eve", "surname": "Lovelace", "email": "eve@example.com"});
    for (method, path, body) in [
        (Method::POST, "/users", person.clone()),
        (Method::POST, "/users/batch", json!({"items": []})),
        (Method::GET, "/users/export", json!({})),
        (Method::PUT, "/users/1", person),
        (Method::DELETE, "/users/1", json!({})),
        (Method::POST, "/reports", json!({"format": "csv"})),
        (Method::GET, "/reports/0190a000-0000-7000-8000-000000000000/download", json!({})),
        (Method::POST, "/dead-letters/delete", json!({})),
        (Method::PUT, "/templates/welcome", json!({"subject": "", "text": "", "html": ""})),
        (Method::POST, "/templates/welcome/test", json!({})),
        (Method::GET, "/team", json!({})),
        (
            Method::POST,
            "/team",
            json!({"email": "e@example.com", "password": "0123456789", "role": "administrator"}),
        ),
        (Method::PUT, "/team/1", json!({"role": "viewer"})),
        (Method::DELETE, "/team/1", json!({})),
    ] {
        let (status, problem) = ask(&viewer, method, path, body).await;
        assert_eq!(status, 403, "{path}: {problem}");
    }
    assert_eq!(ask(&viewer, Method::POST, "/templates/welcome/preview", json!({})).await.0, 200);
    assert_eq!(administrator.get("/users").await["items"][0]["name"], "Ada");

    // However a path is written, it leads to nothing else.
    let report = administrator.report(&json!({"format": "csv"})).await;
    let report = report["report_id"].as_str().unwrap();
    let detours = [
        format!("/reports/{report}\\download"),
        format!("/reports/{report}%2fdownload"),
        format!("/reports/{report}%5cdownload"),
        format!("/reports/x/../{report}/download"),
        "/users/..\\accounts".into(),
        "/users/%2e%2e/accounts".into(),
        "/users/..\\users\\export".into(),
        "/users/%65xport".into(),
        "/templates/..\\queues".into(),
        "/dead-letters/%2e%2e\\queues".into(),
    ];
    for path in &detours {
        for console in [&viewer, &administrator] {
            let status = ask_as_written(&system, console, path).await;
            assert!(matches!(status, 403 | 404), "{path}: {status}");
        }
    }
    assert_eq!(ask_as_written(&system, &viewer, &format!("/reports/{report}")).await, 200);
    assert_eq!(ask_as_written(&system, &administrator, "/users/export").await, 200);
}

/// The status of a GET whose path no client has put in order.
async fn ask_as_written(system: &System, console: &Console, path: &str) -> u16 {
    let port = system.ports().frontend;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "GET /api/admin{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
        console.cookie()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect(&answer)
}

#[tokio::test]
async fn administrators_add_people_one_by_one_or_many_at_once() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let ada = json!({"name": "Ada", "surname": "Lovelace", "email": "ada@example.com"});
    let (status, made) = ask(&console, Method::POST, "/users", ada.clone()).await;
    assert_eq!((status, &made["email"]), (201, &ada["email"]), "{made}");
    assert_eq!(ask(&console, Method::POST, "/users", ada).await.0, 409);

    // More than other calls take.
    let items: Vec<_> = (0..500)
        .map(|n| {
            json!({"registration_id": uuid::Uuid::from_u128(n), "name": "Grace", "surname": "Hopper",
                "email": format!("grace{n}@example.com"), "submitted_at": "2026-01-02T03:04:05Z"})
        })
        .collect();
    let batch = json!({"items": items});
    let (status, recorded) = ask(&console, Method::POST, "/users/batch", batch).await;
    assert_eq!(status, 200, "{recorded}");
    let outcomes = recorded["outcomes"].as_array().unwrap();
    assert!(outcomes.len() == 500 && outcomes.iter().all(|o| o["outcome"] == "created"));
    assert_eq!(console.all_users().await.len(), 501);
}

#[tokio::test]
async fn accounts_are_looked_after_by_administrators() {
    let system = System::start(BINARY, &[]).await;
    let administrator = system.console().await;
    let refused = json!({"email": "no address", "password": "short", "role": "viewer"});
    let (status, problem) = ask(&administrator, Method::POST, "/team", refused).await;
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| &e["field"]).collect();
    assert_eq!((status, fields), (422, vec![&json!("email"), &json!("password")]));

    let new =
        json!({"email": "g@example.com", "password": "a first password", "role": "administrator"});
    let id = ask(&administrator, Method::POST, "/team", new).await.1["id"].as_i64().unwrap();
    let grace =
        Console::log_in(system.http().clone(), system.url(""), "g@example.com", "a first password")
            .await;
    let elsewhere =
        Console::log_in(system.http().clone(), system.url(""), "g@example.com", "a first password")
            .await;
    let wrong = json!({"current": "a wrong password", "new": "a second password"});
    let (status, problem) = ask(&grace, Method::PUT, "/password", wrong).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("current")));
    let right = json!({"current": "a first password", "new": "a second password"});
    assert_eq!(ask(&grace, Method::PUT, "/password", right).await.0, 204);
    assert_eq!(grace.get("/me").await["email"], "g@example.com", "its own session goes on");
    assert!(elsewhere.try_get("/me").await.is_err(), "others end");
    let old = try_login(&system, "g@example.com", "a first password").await;
    assert_eq!(old.status(), StatusCode::UNAUTHORIZED);

    let me = format!("/team/{}", member(&grace, "admin@example.com").await);
    let demoted = ask(&grace, Method::PUT, &me, json!({"role": "viewer"})).await.0;
    assert_eq!(demoted, 204);
    let path = format!("/team/{id}");
    for (method, body) in [(Method::DELETE, json!({})), (Method::PUT, json!({"role": "viewer"}))] {
        let (status, problem) = ask(&grace, method, &path, body).await;
        assert_eq!(status, 409, "{problem}");
    }
    assert_eq!(ask(&grace, Method::DELETE, &me, json!({})).await.0, 204);
    assert!(administrator.try_get("/me").await.is_err(), "who is deleted is out at once");
    assert_eq!(ask(&grace, Method::DELETE, &me, json!({})).await.0, 404);
}

async fn member(console: &Console, email: &str) -> Value {
    let team = console.get("/team").await;
    let items = team["items"].as_array().unwrap();
    items.iter().find(|account| account["email"] == email).unwrap()["id"].clone()
}

#[tokio::test]
async fn the_overview_is_live() {
    let mut system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let answer = console.call(Method::GET, "/events").send().await.unwrap();
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut events = answer.bytes_stream();
    let first = overview(&mut events).await;
    assert_eq!(first["stats"]["users"]["total"], 0);
    assert_eq!(first["queues"][0]["consumers"], 1);
    let names: Vec<_> = first["services"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!(
        names,
        ["frontend", "queue-receiver", "sender", "database-service", "report-generator"]
    );
    for service in first["services"].as_array().unwrap() {
        assert_eq!(service["health"]["status"], "ok", "{service}");
        assert!(service["health"]["version"].is_string(), "{service}");
    }
    system.register("Ada", "Lovelace", "ada@example.com").await;
    let later = loop {
        let overview = overview(&mut events).await;
        if overview["stats"]["users"]["total"] == 1 {
            break overview;
        }
    };
    assert_eq!(later["minutes"][0]["count"], 1);
    // Whoever looks does not keep the service from stopping.
    let stopped = std::time::Instant::now();
    assert!(system.process().stop().success());
    assert!(stopped.elapsed() < Duration::from_secs(8), "{:?}", stopped.elapsed());
}

/// The next event's data.
async fn overview(
    events: &mut (impl futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Unpin),
) -> Value {
    let mut text = String::new();
    let read = async {
        while !text.ends_with("\n\n") || !text.contains("event: overview") {
            let piece = events.next().await.expect("the stream goes on").unwrap();
            text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("an event in time");
    let data = text.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str(data).unwrap()
}

#[tokio::test]
async fn many_dead_letters_are_replayed_or_deleted_after_a_dry_run() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let path = system.data().join("queue.db");
    let queue: Arc<dyn Queue> =
        Arc::new(EmbeddedQueue::open(&path, EmbeddedSettings::default()).await.unwrap());
    let bodies = ["no JSON", "no JSON", "{}"];
    let messages = bodies.map(|body| Message::event("foreign", body));
    queue.publish("user.registration", messages.into()).await.unwrap();
    let causes = eventually("there are three", || async {
        let causes = console.get("/dead-letters/causes").await;
        let counts = causes["items"].as_array()?.iter().map(|c| c["count"].as_u64().unwrap());
        (counts.sum::<u64>() == 3).then_some(causes)
    })
    .await;
    assert_eq!(causes["items"][0]["count"], 2, "the most frequent first");
    let cause = &causes["items"][0]["cause"];
    let which = json!({"queue": "user.registration", "cause": cause, "dry_run": true});
    let (_, looked) = ask(&console, Method::POST, "/dead-letters/replay", which.clone()).await;
    assert_eq!(looked, json!({"matched": 2, "acceptable": 0, "replayed": 0}));
    let (_, looked) = ask(&console, Method::POST, "/dead-letters/delete", which.clone()).await;
    assert_eq!(looked, json!({"matched": 2, "deleted": 0}));

    let letters = console.get("/dead-letters").await;
    let letter = letters["items"].as_array().unwrap().iter().find(|l| l["body"] == "{}").unwrap();
    let replay = format!("/dead-letters/{}/replay", letter["id"].as_str().unwrap());
    let (_, outlook) = ask(&console, Method::POST, &replay, json!({"dry_run": true})).await;
    assert_eq!(outlook["acceptable"], false);
    assert!(!outlook["fault"].as_str().unwrap().is_empty());
    let corrected = json!({
        "specversion": "1.0", "id": "1", "source": "/foreign",
        "type": "userstream.registration.submitted.v1", "data": {
            "registration_id": "0190a000-0000-7000-8000-000000000000", "name": "Ada",
            "surname": "Lovelace", "email": "ada@example.com", "submitted_at": "2026-01-02T03:04:05Z",
        },
    });
    let body = json!({"body": corrected.to_string(), "dry_run": true});
    let (_, outlook) = ask(&console, Method::POST, &replay, body).await;
    assert_eq!(outlook, json!({"acceptable": true, "fault": null}));
    assert_eq!(console.get("/users").await["items"], json!([]), "nothing was sent");
    let body = json!({"body": corrected.to_string()});
    assert_eq!(ask(&console, Method::POST, &replay, body).await.0, 204);
    eventually("the corrected one is stored", || async {
        (console.all_users().await.len() == 1).then_some(())
    })
    .await;

    let which = json!({"queue": "user.registration", "cause": cause});
    let (_, deleted) = ask(&console, Method::POST, "/dead-letters/delete", which).await;
    assert_eq!(deleted, json!({"matched": 2, "deleted": 2}));
    assert_eq!(console.get("/dead-letters/causes").await["items"], json!([]));
}

#[tokio::test]
async fn a_text_is_tried_out_on_whoever_writes_it() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let draft =
        json!({"subject": "A try", "text": "Hello {{ name }}", "html": "<p>Hello {{ name }}</p>"});
    let (status, outcome) =
        ask(&console, Method::POST, "/templates/welcome/test?locale=de", draft).await;
    assert_eq!(status, 200, "{outcome}");
    assert_eq!(
        (&outcome["to"], &outcome["outcome"]),
        (&json!("admin@example.com"), &json!("sent"))
    );
    let outbox = system.outbox();
    assert_eq!(outbox.len(), 1);
    for wanted in ["To: admin@example.com", "Subject: A try", "Content-Language: de", "Hello Ada"] {
        assert!(outbox[0].contains(wanted), "{wanted}\n{}", outbox[0]);
    }
    let mistake = json!({"text": "{{ name", "subject": "x", "html": "x"});
    let (status, problem) = ask(&console, Method::POST, "/templates/welcome/test", mistake).await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(system.outbox().len(), 1);
    assert_eq!(console.get("/notifications").await["items"], json!([]), "it is in no log");
}

#[tokio::test]
async fn what_an_email_says_can_be_seen_but_its_links_not_used() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let call = system.http().post(system.url("/api/registrations"));
    let person = json!({"name": "Ada <b>", "surname": "Lovelace", "email": "ada@example.com"});
    let call = call.header(header::ACCEPT_LANGUAGE, "de").json(&person);
    assert_eq!(call.send().await.unwrap().status(), 202);
    let mail = eventually("the e-mail", || async { system.outbox().pop() }).await;
    let listed = console.get("/notifications").await;
    let id = listed["items"][0]["notification_id"].as_str().unwrap();
    let preview = console.get(&format!("/notifications/{id}/preview")).await;
    let text = preview["text"].as_str().unwrap();
    assert!(text.starts_with("Guten Tag Ada <b>,"), "{text}");
    assert!(preview["html"].as_str().unwrap().contains("Ada &lt;b&gt;"), "{preview}");
    let link = text.split_whitespace().find(|word| word.contains("/confirm/")).unwrap();
    assert!(!mail.contains(link), "it is none that would confirm the address");
    let none = "/notifications/0190a000-0000-7000-8000-000000000000/preview";
    assert!(console.try_get(none).await.unwrap_err().contains("404"));
}

#[tokio::test]
async fn pages_speak_the_language_of_who_reads_them() {
    let system = System::start(BINARY, &[]).await;
    let page = async |path: &str, accept: &str, cookie: &str| {
        let call = system.http().get(system.url(path)).header(header::ACCEPT, "text/html");
        let call = call.header(header::ACCEPT_LANGUAGE, accept).header(header::COOKIE, cookie);
        let answer = call.send().await.unwrap();
        (answer.headers().clone(), answer.text().await.unwrap())
    };
    for path in ["/", "/admin", "/admin/registrations", "/confirm/nonsense", "/nowhere"] {
        for (accept, cookie, wanted) in [
            ("fr", "", r#"<html lang="en" dir="ltr">"#),
            ("fr, de-AT;q=0.9", "", r#"<html lang="de" dir="ltr">"#),
            ("de", "userstream_language=ar", r#"<html lang="ar" dir="rtl">"#),
        ] {
            let (headers, html) = page(path, accept, cookie).await;
            assert!(html.contains(wanted), "{path} {accept} {cookie}: {html}");
            assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY), "{path}");
        }
    }
    let (_, html) = page("/confirm/nonsense", "de", "").await;
    assert!(html.contains("Dieser Link ist nicht vollständig"), "{html}");
    let client = testkit::http_client_builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let chosen = client.get(system.url("/?language=ar")).send().await.unwrap();
    assert_eq!(
        (chosen.status(), &chosen.headers()[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/".parse().unwrap())
    );
    let cookie = chosen.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("userstream_language=ar; "), "{cookie}");
    assert!(!cookie.contains("HttpOnly"), "the page reads it");
    let choose = client.get(system.url("/?language=ar"));
    let chosen = choose.header(header::REFERER, system.url("/confirm/nonsense")).send().await;
    assert_eq!(chosen.unwrap().headers()[header::LOCATION], "/confirm/nonsense");

    // Without JavaScript what is wrong is said in the page's language, and the e-mail is in it, too.
    let post = async |email: &str| {
        let form = [("name", "Ada"), ("surname", "Lovelace"), ("email", email)];
        let call = system.http().post(system.url("/api/registrations")).form(&form);
        let call = call.header(header::ACCEPT, "text/html");
        call.header(header::COOKIE, "userstream_language=de").send().await.unwrap().text().await
    };
    let refused = post("nobody").await.unwrap();
    assert!(refused.contains("mit einem @"), "{refused}");
    let taken = post("ada@example.com").await.unwrap();
    assert!(taken.contains("Danke, wir haben es."), "{taken}");
    let mail = eventually("the e-mail", || async { system.outbox().pop() }).await;
    assert!(mail.contains("Content-Language: de"), "{mail}");
}
