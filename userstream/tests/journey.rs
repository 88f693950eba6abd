//! One registration, all the way: form, row, e-mail, confirmation, report.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use testkit::{System, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

#[tokio::test]
async fn a_registration_becomes_a_row_an_email_and_a_line_of_the_report() {
    let system = System::start(BINARY, &[]).await;
    let id = system.register("Zoë", "O'Neill, \"Z\"", "Zoe@Bücher.example").await;

    let status = system.reaches(&id, "email_sent").await;
    let stages: Vec<_> =
        status["timeline"].as_array().unwrap().iter().map(|s| &s["stage"]).collect();
    assert_eq!(stages, ["accepted", "stored", "email_sent"]);
    assert_eq!(status["status"], "email_sent");

    let console = system.console().await;
    let users = console.all_users().await;
    assert_eq!(users.len(), 1);
    assert_eq!(users[0]["registration_id"], id.as_str());
    assert_eq!(users[0]["name"], "Zoë");
    assert_eq!(users[0]["email"], "Zoe@xn--bcher-kva.example");
    assert_eq!(users[0]["confirmed_at"], json!(null));

    let mails = system.outbox();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("To: Zoe@xn--bcher-kva.example\r\n"));

    let sent = console.get("/notifications?status=sent&limit=1").await;
    assert_eq!(sent["items"][0]["recipient"], "Zoe@xn--bcher-kva.example");
    assert_eq!(sent["items"][0]["attempts"], 1);

    let report = console.report(&json!({"format": "csv"})).await;
    assert_eq!(report["status"], "done", "{report}");
    assert_eq!(report["record_count"], 1);
    assert_eq!(report["requested_by"], "admin@example.com");
    let file = console.download(&report).await;
    assert_eq!(report["size_bytes"], file.len());
    let text = String::from_utf8(file).unwrap();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(lines[0], "id,name,surname,email,created_at,updated_at");
    assert!(
        lines[1].starts_with("1,Zoë,\"O'Neill, \"\"Z\"\"\",Zoe@xn--bcher-kva.example,"),
        "{text}"
    );
    assert_eq!(lines[2..], [""]);
}

/// By the names and labels that dashboards and alerts rely on.
#[tokio::test]
async fn what_happened_is_in_the_metrics() {
    let system = System::start(BINARY, &[]).await;
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    system.reaches(&id, "email_sent").await;
    let report = system.console().await.report(&json!({"format": "csv"})).await;
    assert_eq!(report["status"], "done", "{report}");
    let expected = [
        r#"http_requests_total{service="frontend",method="POST",route="/api/registrations",status="202"} 1"#,
        r#"http_request_duration_seconds_bucket{service="frontend",method="POST",route="/api/registrations",status="202",le="+Inf"} 1"#,
        r#"registrations_total{outcome="accepted"} 1"#,
        r#"registrations_total{outcome="invalid"} 0"#,
        r#"registrations_total{outcome="limited"} 0"#,
        r#"registrations_total{outcome="unavailable"} 0"#,
        r#"messages_total{queue="user.registration",verdict="ack"} 1"#,
        r#"messages_total{queue="email.notifications",verdict="ack"} 1"#,
        r#"messages_total{queue="report.requests",verdict="ack"} 1"#,
        r#"message_duration_seconds_bucket{queue="report.requests",verdict="ack",le="+Inf"} 1"#,
        r#"queue_messages{queue="user.registration",state="ready"} 0"#,
        r#"queue_messages{queue="user.registration",state="unacknowledged"} 0"#,
        r#"queue_messages{queue="user.registration",state="dead_letter"} 0"#,
        r#"users_stored_total{outcome="created"} 1"#,
        r#"emails_total{template="confirmation",outcome="sent"} 1"#,
        r#"email_duration_seconds_bucket{template="confirmation",outcome="sent",le="+Inf"} 1"#,
        r#"reports_total{format="csv",outcome="done"} 1"#,
        r#"report_rows_total{format="csv",outcome="done"} 1"#,
    ];
    // An acknowledgement is counted a moment after what it acknowledges can be seen.
    eventually("all of it is told", || async {
        let told = system.http().get(system.url("/metrics")).send().await.unwrap();
        let told = told.text().await.unwrap();
        let missing =
            |line: &&&str| !told.lines().any(|t| t.strip_prefix("userstream_") == Some(**line));
        let missing: Vec<_> = expected.iter().filter(missing).collect();
        if !missing.is_empty() {
            eprintln!("not yet: {missing:#?}");
        }
        missing.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_link_in_the_email_confirms_only_when_the_button_is_pressed() {
    let system = System::start(BINARY, &[]).await;
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    system.reaches(&id, "email_sent").await;
    let token = token_of("confirm", &system.outbox()[0]);
    let url = system.url(&format!("/confirm/{token}"));

    let shown = system.http().get(&url).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    assert!(shown.text().await.unwrap().contains("<form"));
    let console = system.console().await;
    assert_eq!(console.all_users().await[0]["confirmed_at"], json!(null), "a GET confirmed");

    for _ in 0..2 {
        let pressed = system.http().post(&url).send().await.unwrap();
        assert_eq!(pressed.status(), 200, "a repeat is harmless");
    }
    let status = system.reaches(&id, "confirmed").await;
    assert_eq!(status["status"], "confirmed");
    assert!(console.all_users().await[0]["confirmed_at"].is_string());

    // Pressed twice, welcomed once; and an administrator sees all of it, in the order of time.
    let history = eventually("the person is welcomed", async || {
        let history = console.get(&format!("/registrations/{id}/history")).await;
        let stages = history["timeline"].as_array().unwrap().len();
        (stages == 7).then_some(history)
    })
    .await;
    let stage = |happening: &Value| happening["stage"].as_str().unwrap().to_owned();
    let timeline = history["timeline"].as_array().unwrap();
    let stages: Vec<_> = timeline.iter().map(stage).collect();
    let first = ["accepted", "stored", "email_queued", "email_attempted", "confirmed"];
    assert_eq!(stages, [&first[..], &["email_queued", "email_attempted"]].concat());
    assert_eq!(timeline[2]["notification_type"], "confirmation");
    assert_eq!(
        (&timeline[3]["outcome"], &timeline[3]["notification_id"]),
        (&json!("sent"), &timeline[2]["notification_id"])
    );
    assert_eq!(timeline[5]["notification_type"], "welcome");
    let at: Vec<_> = timeline.iter().map(|happening| time(&happening["at"])).collect();
    assert!(at.is_sorted(), "{at:?}");
    assert_eq!(console.get("/stats").await["queues"][1]["ready"], 0);
    assert_eq!(system.outbox().len(), 2, "one confirmation and one welcome");

    // By the link in the welcome, and not before its button is pressed.
    let leave = system.url(&format!("/leave/{}", token_of("leave", &system.outbox().concat())));
    let shown = system.http().get(&leave).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("<form"), "{shown}");
    assert_eq!(console.all_users().await.len(), 1, "a GET has deleted somebody");
    assert_eq!(
        system.http().post(leave.replace("/leave/", "/confirm/")).send().await.unwrap().status(),
        404
    );
    assert_eq!(
        system.http().post(url.replace("/confirm/", "/leave/")).send().await.unwrap().status(),
        404
    );
    for _ in 0..2 {
        let left =
            system.http().post(&leave).body("List-Unsubscribe=One-Click").send().await.unwrap();
        assert_eq!(left.status(), 200, "a repeat is harmless");
        assert_eq!(console.all_users().await.len(), 0);
    }

    let other = if token.ends_with('0') { '1' } else { '0' };
    let forged = system.url(&format!("/confirm/{}{other}", &token[..token.len() - 1]));
    for forged in [forged, system.url("/confirm/x")] {
        assert_eq!(system.http().post(&forged).send().await.unwrap().status(), 404);
    }
}

fn time(value: &Value) -> chrono::DateTime<chrono::Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// The token of a link in an e-mail, whose lines may be broken by quoted-printable.
fn token_of(page: &str, mail: &str) -> String {
    let (text, page) = (mail.replace("=\r\n", ""), format!("/{page}/"));
    let start = text.find(&page).expect("a link") + page.len();
    text[start..].chars().take_while(char::is_ascii_hexdigit).collect()
}

#[tokio::test]
async fn the_page_is_served_in_the_smallest_form_the_browser_takes() {
    let system = System::start(BINARY, &[]).await;
    let page = async |accept: &str| {
        let request = system.http().get(system.url("/")).header("accept-encoding", accept);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["vary"], "accept-encoding, accept-language, cookie");
        let coding =
            answer.headers().get("content-encoding").map(|c| c.to_str().unwrap().to_owned());
        (coding, answer.bytes().await.unwrap())
    };
    let (coding, plain) = page("identity").await;
    assert_eq!(coding, None);
    assert!(String::from_utf8(plain.to_vec()).unwrap().contains("<form"));
    for (accept, wanted) in [("gzip, br", "br"), ("gzip", "gzip")] {
        let (coding, small) = page(accept).await;
        assert_eq!(coding.as_deref(), Some(wanted));
        assert!(small.len() < plain.len());
    }
}

#[tokio::test]
async fn without_javascript_the_form_gets_pages_back() {
    let system = System::start(BINARY, &[]).await;
    let post = async |fields: &[(&str, &str)]| {
        let request = system.http().post(system.url("/api/registrations")).form(fields);
        let answer = request.header("accept", "text/html").send().await.unwrap();
        let html = answer.headers()["content-type"].to_str().unwrap().starts_with("text/html");
        assert!(html);
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, page) = post(&[("name", "<i>Ada"), ("surname", ""), ("email", "ada@")]).await;
    assert_eq!(status, 422);
    assert!(page.contains("&lt;i&gt;Ada"), "what was typed is kept, and is no markup");
    assert!(
        page.contains("Enter your surname.") && page.contains("a domain that can receive mail")
    );

    let (status, page) =
        post(&[("name", "Ada"), ("surname", "Lovelace"), ("email", "ada@example.com")]).await;
    assert_eq!(status, 202);
    let start = page.find("/registered/").expect("a link to the status") + "/registered/".len();
    let id = &page[start..start + 36];
    system.reaches(id, "email_sent").await;
    let status_page =
        system.http().get(system.url(&format!("/registered/{id}"))).send().await.unwrap();
    assert!(status_page.text().await.unwrap().contains("E-mail sent"));
}

#[tokio::test]
async fn a_program_that_fills_in_every_field_is_asked_again() {
    let system = System::start(BINARY, &[]).await;
    let person = [("name", "Ada"), ("surname", "Lovelace"), ("email", "ada@example.com")];
    let post = async |website: &str| {
        let fields = [&person[..], &[("website", website)]].concat();
        let call = system.http().post(system.url("/api/registrations")).form(&fields);
        let answer = call.header("accept", "text/html").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, page) = post("https://example.com").await;
    assert_eq!(status, 422);
    assert!(page.contains("looked like a program") && page.contains(r#"value="Lovelace""#));
    assert!(page.contains(r#"name="website""#) && !page.contains("https://example.com"));
    // A person whose browser was too helpful presses once more.
    assert_eq!(post("").await.0, 202);
    let console = system.console().await;
    testkit::eventually("one is stored", || async {
        (console.all_users().await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_repeat_with_the_same_key_gets_the_first_answer_even_after_a_restart() {
    let mut system = System::start(BINARY, &[]).await;
    let url = system.url("/api/registrations");
    let body = json!({"name": "Ada", "surname": "Lovelace", "email": "ada@example.com"});
    let post = async |system: &System, key: &str, body: &serde_json::Value| {
        let request = system.http().post(&url).header("idempotency-key", key).json(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap())
    };
    let (status, first) = post(&system, "key-1", &body).await;
    assert_eq!(status, 202);
    assert_eq!(post(&system, "key-1", &body).await.1, first);
    let other = json!({"name": "Eve", "surname": "Lovelace", "email": "eve@example.com"});
    assert_eq!(post(&system, "key-1", &other).await.0, 422, "the key was used for other content");

    system.kill_and_restart().await;
    assert_eq!(post(&system, "key-1", &body).await.1, first);
    assert_ne!(post(&system, "key-2", &body).await.1["id"], first["id"]);
    system.reaches(first["id"].as_str().unwrap(), "email_sent").await;
    assert_eq!(system.console().await.all_users().await.len(), 1);
}

#[tokio::test]
async fn while_it_stops_nothing_accepted_is_lost() {
    let mut system = System::start(BINARY, &[]).await;
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    assert!(system.process().stop().success());
    system.kill_and_restart().await;
    system.reaches(&id, "email_sent").await;
    eventually("the log says that it stopped", async || {
        system
            .data()
            .parent()
            .map(|d| std::fs::read_to_string(d.join("log.jsonl")).unwrap())
            .filter(|log| log.contains("\"message\":\"stopped\""))
    })
    .await;
}
