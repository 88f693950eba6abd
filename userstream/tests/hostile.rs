//! What an attacker sends gets the contract's 4xx as problem+json, never a 5xx, and stores nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use testkit::{System, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

struct Case {
    what: String,
    body: Vec<u8>,
    content_type: &'static str,
    status: u16,
    /// `field.code` of the first error, for a 422.
    error: &'static str,
}

const JSON: &str = "application/json";

fn raw(what: &str, body: impl Into<Vec<u8>>, status: u16, error: &'static str) -> Case {
    Case { what: what.to_owned(), body: body.into(), content_type: JSON, status, error }
}

/// A valid body with one field replaced.
fn with(field: &str, value: Value, error: &'static str) -> Case {
    let mut body = json!({"name": "Ada", "surname": "Lovelace", "email": "ada@example.com"});
    body[field] = value;
    raw(
        &format!(
            "{field} {error}: {}",
            body[field].to_string().chars().take(60).collect::<String>()
        ),
        body.to_string(),
        422,
        error,
    )
}

fn typed(content_type: &'static str, status: u16) -> Case {
    let body = r#"{"name":"Ada","surname":"Lovelace","email":"ada@example.com"}"#;
    Case {
        what: format!("content type {content_type}"),
        body: body.into(),
        content_type,
        status,
        error: "",
    }
}

fn cases() -> Vec<Case> {
    let valid = r#""name":"Ada","surname":"Lovelace","email":"ada@example.com""#;
    let long = "x".repeat(101);
    let huge = format!(r#"{{{valid},"pad":"{}"}}"#, "x".repeat(17 * 1024));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    vec![
        // broken JSON and encodings
        raw("no body", "", 400, ""),
        raw("half an object", r#"{"name":"Ada""#, 400, ""),
        raw("two documents", format!("{{{valid}}}{{}}"), 400, ""),
        raw("a trailing comma", format!("{{{valid},}}"), 400, ""),
        raw("single quotes", "{'name':'Ada'}", 400, ""),
        raw("a comment", format!("{{{valid}}}//x"), 400, ""),
        raw("NaN", r#"{"name":NaN}"#, 400, ""),
        raw("a byte order mark", format!("\u{feff}{{{valid}}}"), 400, ""),
        raw(
            "UTF-16",
            "{\"name\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            400,
            "",
        ),
        raw(
            "not UTF-8",
            b"{\"name\":\"\xff\xfe\",\"surname\":\"x\",\"email\":\"a@b.co\"}".to_vec(),
            400,
            "",
        ),
        raw(
            "overlong UTF-8",
            b"{\"name\":\"\xc0\xaf\",\"surname\":\"x\",\"email\":\"a@b.co\"}".to_vec(),
            400,
            "",
        ),
        raw("a lone surrogate", r#"{"name":"\ud800","surname":"x","email":"a@b.co"}"#, 400, ""),
        raw(
            "a raw control character",
            "{\"name\":\"A\nda\",\"surname\":\"x\",\"email\":\"a@b.co\"}",
            400,
            "",
        ),
        raw("a raw zero byte", "{\"name\":\"A\0da\"}", 400, ""),
        raw("deep nesting", deep.clone(), 422, ""),
        raw("deep nesting in a field", format!(r#"{{"name":{deep}}}"#), 422, ""),
        // shapes
        raw("null", "null", 422, ""),
        raw("an array", "[]", 422, ""),
        raw("an array of the fields", r#"["Ada","Lovelace","ada@example.com"]"#, 422, ""),
        raw("a string", "\"Ada\"", 422, ""),
        raw("a number", "7", 422, ""),
        raw("an empty object", "{}", 422, "name.required"),
        raw(
            "an unknown field",
            format!(r#"{{{valid},"role":"admin"}}"#),
            422,
            "role.unknown_field",
        ),
        raw(
            "__proto__",
            format!(r#"{{{valid},"__proto__":{{}}}}"#),
            422,
            "__proto__.unknown_field",
        ),
        raw(
            "a field twice",
            format!(r#"{{{valid},"email":"eve@example.com"}}"#),
            422,
            "email.duplicate_field",
        ),
        with("name", json!(7), "name.wrong_type"),
        with("name", json!(["Ada"]), "name.wrong_type"),
        with("name", json!({"$ne": null}), "name.wrong_type"),
        with("name", json!(true), "name.wrong_type"),
        with("name", json!(1e308), "name.wrong_type"),
        with("name", json!(null), "name.required"),
        with("email", json!(["a@example.com"]), "email.wrong_type"),
        // sizes
        raw("too large", huge, 413, ""),
        raw("1 MiB of spaces", " ".repeat(1 << 20), 413, ""),
        with("name", json!(""), "name.required"),
        with("name", json!("   \u{3000}"), "name.required"),
        with("name", json!("\u{200d}"), "name.required"),
        with("name", json!(long), "name.too_long"),
        with("surname", json!("é".repeat(101)), "surname.too_long"),
        with("email", json!(format!("{}@example.com", "x".repeat(65))), "email.invalid_local"),
        with("email", json!(format!("a@{}.com", "x".repeat(64))), "email.invalid_domain"),
        with("email", json!(format!("a@{}com", "abcdefghi.".repeat(25))), "email.too_long"),
        // control characters and header injection
        with("name", json!("A\u{0}da"), "name.control_character"),
        with("name", json!("Ada\r\nBcc: eve@example.com"), "name.control_character"),
        with("name", json!("Ada\tX"), "name.control_character"),
        with("name", json!("\u{1b}[2J"), "name.control_character"),
        with("name", json!("A\u{85}da"), "name.control_character"),
        with("surname", json!("\u{202e}ecalevoL"), "surname.control_character"),
        with("surname", json!("Love\u{2028}lace"), "surname.control_character"),
        with("surname", json!("Love\u{200b}lace"), "surname.control_character"),
        with("email", json!("ada@example.com\r\nBcc: eve@example.com"), "email.missing_at"),
        with("email", json!("ada\r\n@example.com"), "email.invalid_local"),
        with("email", json!("ada@exa\nmple.com"), "email.invalid_domain"),
        with("email", json!("ada@example.com\u{0}"), "email.invalid_domain"),
        // links
        with("name", json!("http://evil.example"), "name.link"),
        with("name", json!("win at evil.example/x"), "name.link"),
        with("name", json!("WWW.evil"), "name.link"),
        with("name", json!("javascript:alert(1)"), "name.link"),
        with("name", json!("evil。com"), "name.link"),
        with("surname", json!("пример.рф"), "surname.link"),
        with("surname", json!("//127.0.0.1"), "surname.link"),
        // addresses that cannot be delivered to
        with("email", json!("ada"), "email.missing_at"),
        with("email", json!("a@b@example.com"), "email.missing_at"),
        with("email", json!("Ada <ada@example.com>"), "email.invalid_local"),
        with("email", json!("ada@example.com,eve@example.com"), "email.missing_at"),
        with("email", json!("a b@example.com"), "email.invalid_local"),
        with("email", json!("\"a\"@example.com"), "email.invalid_local"),
        with("email", json!("ada@localhost"), "email.invalid_domain"),
        with("email", json!("ada@[127.0.0.1]"), "email.invalid_domain"),
        with("email", json!("ada@127.0.0.1"), "email.invalid_domain"),
        with("email", json!("ada@-example.com"), "email.invalid_domain"),
        with("email", json!("ada@example..com"), "email.invalid_domain"),
        with("email", json!("mailto:ada@example.com"), "email.invalid_local"),
        // media types
        typed("text/plain", 415),
        typed("application/xml", 415),
        typed("multipart/form-data; boundary=x", 415),
        typed("application/jsonx", 415),
        typed("", 415),
    ]
}

#[tokio::test]
async fn hostile_inputs_are_refused_and_store_nothing() {
    let system = System::start(BINARY, &[]).await;
    let cases = cases();
    assert!(cases.len() >= 60, "{}", cases.len());
    for case in cases {
        let Case { what, body, content_type, status, error } = case;
        let mut request = system.http().post(system.url("/api/registrations")).body(body);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let answer = request.send().await.unwrap();
        // JSON that nests too deep to read is malformed to us, whatever its shape.
        let got = answer.status().as_u16();
        assert!(got == status || (what.starts_with("deep") && got == 400), "{what}: {got}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{what}");
        let request_id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], got, "{what}");
        assert_eq!(problem["request_id"], request_id, "{what}");
        for key in ["type", "title", "detail"] {
            assert!(problem[key].as_str().is_some_and(|t| !t.is_empty()), "{what}: {problem}");
        }
        if !error.is_empty() {
            let first = &problem["errors"][0];
            let told =
                format!("{}.{}", first["field"].as_str().unwrap(), first["code"].as_str().unwrap());
            assert_eq!(told, error, "{what}: {problem}");
            assert!(!first["message"].as_str().unwrap().is_empty());
        }
    }
    nothing_is_stored(&system).await;
}

#[tokio::test]
async fn hostile_requests_are_refused() {
    let system = System::start(BINARY, &[]).await;
    let http = system.http();
    let valid = json!({"name": "Ada", "surname": "Lovelace", "email": "ada@example.com"});
    for method in ["GET", "PUT", "DELETE", "PATCH", "FOO"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer =
            http.request(method.clone(), system.url("/api/registrations")).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method}");
        assert!(answer.headers().contains_key("allow"));
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    for key in ["", &"k".repeat(256), "k\u{e9}"] {
        let header = reqwest::header::HeaderValue::from_bytes(key.as_bytes()).unwrap();
        let call = http.post(system.url("/api/registrations")).header("idempotency-key", header);
        assert_eq!(call.json(&valid).send().await.unwrap().status(), 422, "{key:?}");
    }
    for path in [
        "/api",
        "/api/nothing",
        "/assets/../secret",
        "/assets/..%2f..%2fsecret",
        "/%00",
        "/.env",
        "/var/userstream.db",
    ] {
        let answer = http.get(system.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    let ports = system.ports();
    for url in [
        system.url("/assets/%ff"),
        system.url("/api-docs/%ff"),
        format!("http://127.0.0.1:{}/api-docs/%ff", ports.sender),
    ] {
        let answer = http.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{url}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{url}");
    }
    let twice = http.get(system.url("/?language=de&language=ar")).send().await.unwrap();
    assert_eq!(twice.status(), 200);
    assert_eq!(twice.headers()["content-type"], "text/html; charset=utf-8");
    let long =
        http.get(system.url(&format!("/confirm/{}", "a".repeat(5_000)))).send().await.unwrap();
    assert_eq!(long.status(), 404);
    nothing_is_stored(&system).await;
}

#[tokio::test]
async fn formulas_and_markup_are_only_text() {
    let system = System::start(BINARY, &[]).await;
    let names = [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "-2",
        "<script>alert(1)</script>",
        "'; DROP TABLE users;--",
        "${7*7}",
        "{{ 7*7 }}",
        "%s%n",
    ];
    for (i, name) in names.iter().enumerate() {
        let id = system.register(name, "Lovelace", &format!("n{i}@example.com")).await;
        system.reaches(&id, "email_sent").await;
    }
    let console = system.console().await;
    let stored: Vec<_> =
        console.all_users().await.iter().map(|u| u["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(stored, names);
    let options = json!({"format": "csv", "columns": ["name"], "options": {"excel": true}});
    let report = console.report(&options).await;
    let text = String::from_utf8(console.download(&report).await).unwrap();
    assert!(text.starts_with("\u{feff}name\r\n'=1+1\r\n'+cmd"), "{text}");
    for mail in system.outbox() {
        assert!(!mail.replace("=\r\n", "").contains("<script>alert(1)</script>\r\n</p>"));
        assert!(!mail.contains("Hello 49"), "a name was run as a template");
    }
}

#[tokio::test]
async fn the_limit_per_client_lets_a_minute_through_and_then_says_when() {
    let system = System::start(
        BINARY,
        &[("RATE_LIMIT_PER_MINUTE", "20"), ("TRUSTED_PROXIES", "127.0.0.1/32")],
    )
    .await;
    let post = async |client: &str, n: usize| {
        let body =
            json!({"name": "Ada", "surname": "Lovelace", "email": format!("a{n}@example.com")});
        let call =
            system.http().post(system.url("/api/registrations")).header("x-forwarded-for", client);
        call.json(&body).send().await.unwrap()
    };
    for n in 0..20 {
        assert_eq!(post("198.51.100.1", n).await.status(), 202);
    }
    // A token comes back every three seconds: of a few more at once, one at most can pass.
    let mut limited = 0;
    for n in 20..24 {
        let answer = post("203.0.113.7, 198.51.100.1", n).await;
        if answer.status() == 429 {
            limited += 1;
            let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=3).contains(&wait));
        }
    }
    assert!(limited >= 3, "{limited}");
    assert_eq!(post("198.51.100.2", 99).await.status(), 202, "another client is not held back");
}

async fn nothing_is_stored(system: &System) {
    let console = system.console().await;
    let stats = eventually("the queues are empty", || async {
        let stats = console.get("/stats").await;
        let empty = |q: &Value| q["ready"] == 0 && q["unacknowledged"] == 0;
        stats["queues"].as_array()?.iter().all(empty).then_some(stats)
    })
    .await;
    assert_eq!(stats["users"]["total"], 0);
    assert_eq!(stats["queues"][0]["dead_letters"], 0);
    assert!(system.outbox().is_empty());
}
