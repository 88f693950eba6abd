//! The texts of e-mails, changed while senders are at work.

use mail_parser::MessageParser;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::TakenMail;

use super::Post;

fn text(subject: &str) -> Value {
    json!({"subject": subject, "text": "Go to {{ confirm_url }}", "html": "<a href=\"{{ confirm_url }}\">go</a>"})
}

/// What the mail server was given, as an independent reader finds it.
fn subjects(post: &Post) -> Vec<String> {
    let taken = post.server.taken();
    let read = |mail: &TakenMail| {
        let mail = MessageParser::default().parse(&mail.bytes).unwrap();
        mail.subject().unwrap().to_owned()
    };
    taken.iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_changed_for_every_sender_and_keeps_its_versions() {
    let post = Post::new().await;
    let (one, other) = (post.sender().await, post.sender().await);
    let (status, told) = one.call(Method::GET, "/templates", Value::Null).await;
    assert_eq!((status, &told["next_cursor"]), (StatusCode::OK, &Value::Null));
    let first = &told["items"][0];
    assert_eq!(
        (&first["name"], &first["locale"], &first["version"], &first["updated_at"]),
        (&json!("already_registered"), &json!("ar"), &json!(1), &Value::Null)
    );

    let path = "/templates/confirmation?locale=en";
    let (status, told) = one.call(Method::PUT, path, text("Changed")).await;
    assert_eq!(
        (status, &told["version"], &told["locale"]),
        (StatusCode::OK, &json!(2), &json!("en"))
    );
    let (_, again) = one.call(Method::PUT, path, text("Changed")).await;
    assert_eq!(again, told, "the same once more is no new version");
    // The language is English unless told, and whoever is asked tells the newest.
    let (_, told_by_other) = other.call(Method::GET, "/templates/confirmation", Value::Null).await;
    assert_eq!(told_by_other, told);

    post.end_of(post.ask_for_one("ada@example.com").await).await;
    assert_eq!(subjects(&post), ["Changed"]);

    // Who is not asked learns of it within seconds.
    one.call(Method::PUT, path, text("Changed again")).await;
    one.stop().await;
    testkit::eventually("the other sender has it", || async {
        let address = format!("{}@example.com", uuid::Uuid::now_v7());
        post.end_of(post.ask_for_one(&address).await).await;
        (subjects(&post).last()? == "Changed again").then_some(())
    })
    .await;

    let path = "/templates/confirmation/versions?locale=en";
    let (_, told) = other.call(Method::GET, path, Value::Null).await;
    let versions: Vec<_> =
        told["items"].as_array().unwrap().iter().map(|t| &t["version"]).collect();
    assert_eq!(versions, [&json!(3), &json!(2), &json!(1)]);
    let subject = |n: usize| told["items"][n]["subject"].as_str().map(str::trim);
    assert_eq!(subject(1), Some("Changed"));
    assert_eq!(subject(2), Some("Please confirm your e-mail address"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_and_their_versions_come_in_pages() {
    let post = Post::new().await;
    let sender = post.sender().await;
    for subject in ["One", "Two"] {
        sender.call(Method::PUT, "/templates/welcome?locale=en", text(subject)).await;
    }
    for path in ["/templates?", "/templates/welcome/versions?locale=en&"] {
        let (_, whole) = sender.call(Method::GET, path, Value::Null).await;
        let whole = whole["items"].as_array().unwrap();
        let (mut found, mut cursor) = (Vec::new(), String::new());
        for _ in 0..whole.len() {
            let page = format!("{path}limit=2{cursor}");
            let (status, told) = sender.call(Method::GET, &page, Value::Null).await;
            assert_eq!(status, StatusCode::OK, "{told}");
            found.extend(told["items"].as_array().unwrap().clone());
            let Some(next) = told["next_cursor"].as_str() else { break };
            assert_eq!(found.len() % 2, 0, "a page is full where another follows");
            cursor = format!("&cursor={next}");
        }
        assert_eq!(&found, whole, "{path}");
        let none = format!("{path}limit=0");
        let (status, _) = sender.call(Method::GET, &none, Value::Null).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_language_of_ones_own_is_spoken_to_who_asks_for_it() {
    let post = Post::new().await;
    let sender = post.sender().await;
    let german = "/templates/confirmation?locale=DE-ch";
    let (status, _) = sender.call(Method::GET, german, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "there is one for de, and none for de-CH");
    let (status, told) = sender.call(Method::PUT, german, text("Grüezi")).await;
    assert_eq!((status, &told["locale"]), (StatusCode::OK, &json!("de-CH")));
    for (locale, address) in [("de-CH", "ada@example.com"), ("de-AT", "bob@example.com")] {
        let ids = post.ask_for_in(Some(locale), &[address.to_owned()]).await;
        post.end_of(ids[0]).await;
    }
    assert_eq!(subjects(&post), ["Grüezi", "Bitte bestätigen Sie Ihre E-Mail-Adresse"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_is_refused_with_its_line() {
    let post = Post::new().await;
    let sender = post.sender().await;
    let broken =
        json!({"subject": "a", "text": "{{ confirm_url }}", "html": "<p>\n{{ nmae }}</p>"});
    for (method, path) in [
        (Method::PUT, "/templates/confirmation?locale=en"),
        (Method::POST, "/templates/confirmation/preview"),
    ] {
        let (status, told) = sender.call(method, path, broken.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(told["errors"][0]["field"], "html", "{told}");
        let message = told["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("line 2: there is no “nmae”"), "{message}");
    }
    let (_, told) = sender.call(Method::GET, "/templates/confirmation", Value::Null).await;
    assert_eq!(told["version"], 1, "nothing was changed");
    for (method, path, body, expected) in [
        (Method::PUT, "/templates/newsletter", text("x"), StatusCode::NOT_FOUND),
        (Method::GET, "/templates/newsletter", Value::Null, StatusCode::NOT_FOUND),
        (Method::GET, "/templates/newsletter/versions", Value::Null, StatusCode::NOT_FOUND),
        (Method::POST, "/templates/newsletter/preview", json!({}), StatusCode::NOT_FOUND),
        (
            Method::PUT,
            "/templates/welcome?locale=../en",
            text("x"),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            Method::PUT,
            "/templates/welcome",
            json!({"subject": "x"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let (status, told) = sender.call(method, path, body).await;
        assert_eq!(status, expected, "{path}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_shows_what_a_person_would_get() {
    let post = Post::new().await;
    let sender = post.sender().await;
    let path = "/templates/confirmation/preview";
    let (status, told) = sender.call(Method::POST, path, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["subject"], "Please confirm your e-mail address");
    assert!(told["text"].as_str().unwrap().contains("Hello Ada,"));
    assert!(told["html"].as_str().unwrap().contains("https://example.org/confirm/5a5a"));
    let draft = json!({
        "subject": "Hi", "html": "<p>{{ name }}</p>{{ confirm_url }}", "context": {"name": "<b>Bob</b>"},
    });
    let (_, told) = sender.call(Method::POST, &format!("{path}?locale=ar"), draft).await;
    assert_eq!(told["subject"], "Hi");
    let html = told["html"].as_str().unwrap();
    assert!(html.starts_with("<p>&lt;b&gt;Bob&lt;&#x2f;b&gt;</p>"), "{html}");
    assert!(told["text"].as_str().unwrap().contains("<b>Bob</b>"), "{told}");
    assert_eq!(post.server.count(), 0);
}
