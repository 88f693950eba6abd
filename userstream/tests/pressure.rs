//! Clients that take their time, that send too much, and a stop in the midst of it all: nobody else is hurt,
//! and nothing that was accepted is lost.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use testkit::System;

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
/// Longer than any step of a request may take.
const PATIENCE: Duration = Duration::from_mins(1);

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Whether the other side has neither answered nor closed.
fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// What is answered until the connection is closed.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => {
            panic!("the connection is still open: {error}")
        }
        _ => String::from_utf8_lossy(&answer).into_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_slow_connections_of_each_kind_hurt_nobody_and_are_ended() {
    const SLOW: usize = 200;
    let system = System::start(BINARY, &[]).await;
    let port = system.ports().frontend;
    let open = |start: &str| -> Vec<TcpStream> {
        let streams = (0..SLOW).map(|_| {
            let mut stream = connect(port);
            stream.write_all(start.as_bytes()).unwrap();
            stream
        });
        streams.collect()
    };
    let silent = open("");
    let heads = open("POST /api/registrations HTTP/1.1\r\nHost: x\r\nContent-Ty");
    let bodies = open(
        "POST /api/registrations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: 500\r\n\r\n{\"name\":",
    );
    // Only what happens while the slow ones are there shows anything.
    let mut meanwhile = 0;
    while meanwhile < 50 && is_open(&silent[0]) && is_open(&heads[0]) && is_open(&bodies[0]) {
        let email = format!("u{meanwhile}@example.com");
        let id = system.register("Ada", "Lovelace", &email).await;
        if meanwhile % 10 == 0 {
            system.reaches(&id, "email_sent").await;
        }
        meanwhile += 1;
    }
    assert!(meanwhile >= 10, "{meanwhile} registrations beside the slow ones");

    let ended = tokio::task::spawn_blocking(move || {
        for stream in silent.into_iter().chain(heads) {
            assert!(!rest(stream).contains("HTTP/1.1 2"));
        }
        for stream in bodies {
            let answer = rest(stream);
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
            assert!(answer.contains("application/problem+json"), "{answer}");
        }
    });
    ended.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_headers_and_huge_bodies_are_refused_early() {
    let system = System::start(BINARY, &[]).await;
    let port = system.ports().frontend;
    let ask = |request: String| {
        tokio::task::spawn_blocking(move || {
            let mut stream = connect(port);
            // It may be refused before it is all written.
            let _ = stream.write_all(request.as_bytes());
            rest(stream)
        })
    };
    let get = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let many = "X-Many: y\r\n".repeat(150);
    let answer = ask(format!("{get}{many}\r\n")).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = ask(format!("{get}X-Long: {}\r\n\r\n", "y".repeat(300_000))).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 ") || answer.is_empty(), "{answer}");
    let answer = ask(format!(
        "POST /api/registrations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: 10000000\r\n\r\n{}",
        "{".repeat(1_000_000)
    ));
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    system.register("Ada", "Lovelace", "ada@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_no_accepted_registration() {
    let mut system = System::start(BINARY, &[]).await;
    let load = system.load();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        system.stop_and_restart().await;
    }
    let mut accepted = load.stop().await;
    assert!(accepted.len() > 20, "{} registrations", accepted.len());
    for id in &accepted {
        system.reaches(id, "email_sent").await;
    }
    let users = system.console().await.all_users().await;
    let mut stored: Vec<_> =
        users.iter().map(|user| user["registration_id"].as_str().unwrap().to_owned()).collect();
    accepted.sort();
    stored.sort();
    stored.dedup();
    assert_eq!(users.len(), stored.len(), "rows stored twice");
    assert_eq!(stored, accepted);
}

/// Whoever may call is limited by client and by address; a limit forgets nobody who is at it.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_comes_again_and_again_waits() {
    let variables = [("RATE_LIMIT_PER_ADDRESS", "3")];
    let system = System::start(BINARY, &variables).await;
    let post = async |email: &str| {
        let body = serde_json::json!({"name": "Ada", "surname": "Lovelace", "email": email});
        system.post(&body).await
    };
    for email in ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"] {
        assert_eq!(post(email).await.status(), 202);
    }
    let refused = post("Ada@Example.com").await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=1_200).contains(&wait), "{wait}");
    assert_eq!(post("grace@example.com").await.status(), 202);
    let metrics = system.http().get(system.url("/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("userstream_registrations_total{outcome=\"limited\"} 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_too_often_waits_and_who_registers_does_not() {
    let system = System::start(BINARY, &[("RATE_LIMIT_PER_MINUTE", "2")]).await;
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    let url = system.url(&format!("/api/registrations/{id}"));
    let (began, mut answered, mut refused) = (Instant::now(), 0_u32, None);
    for _ in 0..300 {
        let answer = system.http().get(&url).send().await.unwrap();
        match answer.status().as_u16() {
            200 => answered += 1,
            429 => refused = Some(answer),
            other => panic!("{other}"),
        }
    }
    // Two hundred at once, and as many a minute.
    let earned = 1.0 + began.elapsed().as_secs_f64() * 200.0 / 60.0;
    assert!(answered >= 200 && f64::from(answered) <= 200.0 + earned, "{answered}");
    assert!(refused.unwrap().headers().contains_key("retry-after"));
    let page = system.http().get(system.url("/confirm/x")).header("accept", "text/html");
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), 429);
    assert!(page.text().await.unwrap().contains("A moment, please"));
    system.register("Grace", "Hopper", "grace@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_site_may_register_and_no_other() {
    const ALLOW: &str = "access-control-allow-origin";
    let variables = [("CORS_ALLOWED_ORIGINS", "https://www.example.com")];
    let system = System::start(BINARY, &variables).await;
    let preflight = async |origin: &str, path: &str| {
        let call = system.http().request(reqwest::Method::OPTIONS, system.url(path));
        let call = call.header("origin", origin).header("access-control-request-method", "POST");
        call.send().await.unwrap()
    };
    let allowed = preflight("https://www.example.com", "/api/registrations").await;
    assert_eq!(allowed.headers()[ALLOW], "https://www.example.com");
    let other = preflight("https://evil.example", "/api/registrations").await;
    assert!(!other.headers().contains_key(ALLOW));
    let console = preflight("https://www.example.com", "/api/admin/login").await;
    assert!(!console.headers().contains_key(ALLOW), "the console is nobody else's");
    let body = serde_json::json!({"name": "Ada", "surname": "Lovelace", "email": "a@example.com"});
    let call = system.http().post(system.url("/api/registrations"));
    let answer = call.header("origin", "https://www.example.com").json(&body).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()[ALLOW].len()), (202, 23));
}

/// Each client behind a trusted proxy has its own limit; whoever comes past it cannot pass for another.
#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_each_client_is_counted_by_itself() {
    let variables = [("RATE_LIMIT_PER_MINUTE", "2"), ("TRUSTED_PROXIES", "127.0.0.0/8")];
    let trusting = System::start(BINARY, &variables).await;
    let wary = System::start(BINARY, &variables[..1]).await;
    let statuses = async |system: &System| {
        let mut statuses = Vec::new();
        for (n, client) in
            ["203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2"].iter().enumerate()
        {
            let email = format!("u{n}@example.com");
            let body = serde_json::json!({"name": "Ada", "surname": "Lovelace", "email": email});
            let call = system.http().post(system.url("/api/registrations")).json(&body);
            // What stands further left anyone can have written.
            let call = call.header("x-forwarded-for", format!("198.51.100.{n}, {client}"));
            statuses.push(call.send().await.unwrap().status().as_u16());
        }
        statuses
    };
    assert_eq!(statuses(&trusting).await, [202, 202, 429, 202]);
    assert_eq!(statuses(&wary).await, [202, 202, 429, 429]);
}
