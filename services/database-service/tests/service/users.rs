//! `/users`, as a person with curl sees it.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Server, faults, problem};

fn ada() -> Value {
    json!({"name": " Ada ", "surname": "Lovelace", "email": "ada@Example.com"})
}

fn item(email: &str) -> Value {
    json!({
        "registration_id": Uuid::now_v7(), "name": "Ada", "surname": "Lovelace", "email": email,
        "submitted_at": "2026-01-02T03:04:05Z",
    })
}

#[tokio::test]
async fn a_user_is_created_read_changed_and_deleted() {
    let server = Server::start().await;
    let created = server.post("/users", &ada()).await;
    assert_eq!(created.status(), StatusCode::CREATED);
    assert_eq!(created.headers()[header::LOCATION], "/users/1");
    let tag = created.headers()[header::ETAG].clone();
    let user: Value = created.json().await.unwrap();
    let keys: Vec<_> = user.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "id",
        "registration_id",
        "name",
        "surname",
        "email",
        "created_at",
        "updated_at",
        "confirmed_at",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(
        (&user["id"], &user["name"], &user["email"]),
        (&json!(1), &json!("Ada"), &json!("ada@example.com"))
    );
    assert_eq!((&user["registration_id"], &user["confirmed_at"]), (&Value::Null, &Value::Null));
    assert!(user["created_at"].as_str().unwrap().ends_with('Z'));

    problem(
        server
            .post("/users", &json!({"name": "A", "surname": "B", "email": "ADA@example.com"}))
            .await,
        409,
    )
    .await;
    assert_eq!(server.get("/users/1").await, user);

    let put = |tag: Option<&header::HeaderValue>, email: &str| {
        let request = server.request(Method::PUT, "/users/1");
        let request = match tag {
            Some(tag) => request.header(header::IF_MATCH, tag),
            None => request,
        };
        request.json(&json!({"name": "Ada", "surname": "King", "email": email})).send()
    };
    let changed = put(Some(&tag), "ada@example.com").await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    let new_tag = changed.headers()[header::ETAG].clone();
    assert_ne!(new_tag, tag);
    let changed: Value = changed.json().await.unwrap();
    assert_eq!(changed["surname"], "King");
    assert_ne!(changed["updated_at"], user["updated_at"]);
    let read = server.request(Method::GET, "/users/1").send().await.unwrap();
    assert_eq!(read.headers()[header::ETAG], new_tag);

    // Stale, weak and foreign tags match nothing; a list matches by any; `*` by being there.
    let weak = header::HeaderValue::from_str(&format!("W/{}", new_tag.to_str().unwrap())).unwrap();
    for no_match in [&tag, &weak, &header::HeaderValue::from_static("\"other\"")] {
        problem(put(Some(no_match), "x@example.com").await.unwrap(), 412).await;
    }
    let list = format!("\"other\", {}", new_tag.to_str().unwrap());
    let list = header::HeaderValue::from_str(&list).unwrap();
    assert_eq!(put(Some(&list), "ada@example.com").await.unwrap().status(), StatusCode::OK);
    let any = header::HeaderValue::from_static("*");
    assert_eq!(put(Some(&any), "ada@example.com").await.unwrap().status(), StatusCode::OK);
    assert_eq!(put(None, "ada@example.com").await.unwrap().status(), StatusCode::OK);

    server.post("/users", &json!({"name": "A", "surname": "B", "email": "b@example.com"})).await;
    problem(put(None, "B@example.com").await.unwrap(), 409).await;

    let delete = || server.request(Method::DELETE, "/users/1").send();
    assert_eq!(delete().await.unwrap().status(), StatusCode::NO_CONTENT);
    problem(delete().await.unwrap(), 404).await;
    problem(put(None, "ada@example.com").await.unwrap(), 404).await;
    problem(put(Some(&tag), "ada@example.com").await.unwrap(), 404).await;
}

#[tokio::test]
async fn a_bad_item_does_not_fail_its_neighbours() {
    let server = Server::start().await;
    let good = item("good@example.com");
    let mut bad_name = item("bad@example.com");
    bad_name["name"] = json!("www.example.com");
    let mut unknown_field = item("unknown@example.com");
    unknown_field["password"] = json!("x");
    let mut no_uuid = item("no-uuid@example.com");
    no_uuid["registration_id"] = json!("as it was given");
    let mut no_time = item("no-time@example.com");
    no_time.as_object_mut().unwrap().remove("submitted_at");
    let stolen = json!({"registration_id": good["registration_id"], "name": "A", "surname": "B",
        "email": "other@example.com", "submitted_at": "2026-01-02T03:04:05Z"});
    let last = item("last@example.com");
    let items = json!([
        bad_name,
        good,
        unknown_field,
        good,
        no_uuid,
        7,
        null,
        no_time,
        stolen,
        item("GOOD@example.com"),
        last
    ]);
    let response = server.post("/users/batch", &json!({"items": items})).await;
    assert_eq!(response.status(), StatusCode::OK);
    let answer: Value = response.json().await.unwrap();
    let outcomes = answer["outcomes"].as_array().unwrap();
    let told: Vec<_> = outcomes.iter().map(|o| o["outcome"].as_str().unwrap()).collect();
    assert_eq!(
        told,
        [
            "invalid",
            "created",
            "invalid",
            "replayed",
            "invalid",
            "invalid",
            "invalid",
            "invalid",
            "invalid",
            "duplicate",
            "created"
        ]
    );
    for (outcome, item) in outcomes.iter().zip(items.as_array().unwrap()) {
        let id = item.get("registration_id").cloned().unwrap_or(json!(""));
        assert_eq!(outcome["registration_id"], id, "as it was given");
        let invalid = outcome["outcome"] == "invalid";
        assert_eq!(outcome["user_id"].is_null(), invalid, "{outcome}");
        assert_eq!(outcome["notification_id"].is_null(), invalid, "{outcome}");
        assert_eq!(outcome.get("cause").is_some(), invalid, "{outcome}");
    }
    assert!(outcomes[0]["cause"].as_str().unwrap().starts_with("name: "), "{}", outcomes[0]);
    assert!(outcomes[7]["cause"].as_str().unwrap().contains("submitted_at"), "{}", outcomes[7]);
    assert_eq!(outcomes[3]["notification_id"], outcomes[1]["notification_id"]);
    assert_eq!(server.get("/users").await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_items() {
    let server = Server::start().await;
    let batch = |n: usize| {
        let items: Vec<_> = (0..n).map(|n| item(&format!("u{n}@example.com"))).collect();
        json!({ "items": items })
    };
    let full = server.post("/users/batch", &batch(1000)).await;
    assert_eq!(full.status(), StatusCode::OK);
    let answer: Value = full.json().await.unwrap();
    assert_eq!(answer["outcomes"].as_array().unwrap().len(), 1000);
    let one = |code: &str| vec![("items".to_owned(), code.to_owned())];
    assert_eq!(faults(server.post("/users/batch", &batch(0)).await).await, one("too_few"));
    assert_eq!(faults(server.post("/users/batch", &batch(1001)).await).await, one("too_many"));
}

#[tokio::test]
async fn lists_are_filtered_and_paged_by_opaque_cursors() {
    let server = Server::start().await;
    let items: Vec<_> = (0..7).map(|n| item(&format!("u{n}@example.com"))).collect();
    server.post("/users/batch", &json!({"items": items})).await;
    let confirm =
        format!("/registrations/{}/confirm", items[2]["registration_id"].as_str().unwrap());
    let confirmed = server.post(&confirm, &json!({"at": "2026-01-02T03:04:05+02:00"})).await;
    let confirmed: Value = confirmed.json().await.unwrap();
    assert_eq!(confirmed, json!({"user_id": 3, "confirmed_at": "2026-01-02T01:04:05Z"}));
    let ids = |page: &Value| -> Vec<i64> {
        page["items"].as_array().unwrap().iter().map(|u| u["id"].as_i64().unwrap()).collect()
    };
    let first = server.get("/users?limit=3").await;
    assert_eq!(ids(&first), [1, 2, 3]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = server.get(&format!("/users?limit=4&cursor={cursor}")).await;
    assert_eq!(ids(&second), [4, 5, 6, 7]);
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(ids(&server.get("/users?confirmed=true").await), [3]);
    assert_eq!(ids(&server.get("/users?confirmed=false&q=U5%40").await), [6]);
    assert_eq!(ids(&server.get("/users?q=%25").await), [0; 0]);
    assert_eq!(ids(&server.get("/users?created_from=2100-01-01T00:00:00Z").await), [0; 0]);
    assert_eq!(ids(&server.get("/users?created_to=2100-01-01T00:00:00%2B02:00").await).len(), 7);

    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("cursor=3", "cursor"),
        ("cursor=%F0%9F%91%A9", "cursor"),
        ("confirmed=perhaps", "confirmed"),
        ("created_from=yesterday", "created_from"),
        ("colour=red", "colour"),
    ] {
        for list in ["/users", "/notifications", "/reports"] {
            let response =
                server.request(Method::GET, &format!("{list}?{query}")).send().await.unwrap();
            let paged = field == "limit" || field == "cursor";
            if list == "/users" || paged {
                assert_eq!(faults(response).await[0].0, field, "{list}?{query}");
            }
        }
    }
}

#[tokio::test]
async fn an_export_is_one_user_a_line() {
    let server = Server::start().await;
    let items: Vec<_> = (0..600).map(|n| item(&format!("u{n}@example.com"))).collect();
    server.post("/users/batch", &json!({"items": items})).await;
    let response = server.request(Method::GET, "/users/export").send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/x-ndjson");
    let body = response.text().await.unwrap();
    assert!(body.ends_with('\n'));
    let users: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(users.len(), 600);
    assert_eq!(users[599], server.get("/users/600").await);
    let filtered = server.request(Method::GET, "/users/export?q=u59").send().await.unwrap();
    assert_eq!(filtered.text().await.unwrap().lines().count(), 11);
    let unknown = server.request(Method::GET, "/users/export?limit=3").send().await.unwrap();
    assert_eq!(faults(unknown).await[0].0, "limit");
}
