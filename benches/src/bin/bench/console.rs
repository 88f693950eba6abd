//! The console's list of a million people: searched as one types, and paged through.

use std::{path::Path, time::Instant};

use reqwest::Method;
use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use testkit::{Console, System, free_ports};

use crate::{
    ROUNDS, median,
    servers::Servers,
    table::{note, row},
};

/// What `System` and the tests log in with.
const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery");
/// People in the list.
const PEOPLE: u64 = 1_000_000;
/// Rows on a page of the console.
const PAGE: u64 = 50;
const GIVEN: [&str; 12] = [
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Ken",
    "Dennis",
    "Margaret",
    "Radia",
    "Katherine",
    "Zoë",
];
const FAMILY: [&str; 12] = [
    "Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Thompson", "Ritchie",
    "Hamilton", "Perlman", "Johnson", "O''Brien",
];

/// On the embedded default.
pub(crate) async fn embedded(binary: &Path) -> bool {
    let system = System::start(binary, &[("LOG_LEVEL", "warn")]).await;
    let options = SqliteConnectOptions::new().filename(system.data().join("userstream.db"));
    let mut database = SqliteConnection::connect_with(&options).await.expect("a connection");
    let statement = format!(
        "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {PEOPLE}),
              p AS (SELECT n, json_extract('{}', '$[' || (n % 12) || ']') AS name,
                    json_extract('{}', '$[' || (n / 12 % 12) || ']') AS surname FROM n)
         INSERT INTO users (name, surname, email, search)
         SELECT name, surname, 'user' || n || '@mail' || (n % 97) || '.example.com',
                lower(name || ' ' || surname || char(31) || 'user' || n || '@mail' || (n % 97) || '.example.com')
         FROM p",
        json(GIVEN),
        json(FAMILY),
    );
    database.execute(sqlx::AssertSqlSafe(statement)).await.expect("a crowd");
    measure("SQLite", &system.console().await).await
}

impl Servers {
    /// On PostgreSQL, through the Frontend and the Database Service.
    pub(crate) async fn console(&self) -> bool {
        let database = self.database.url(&self.database.create_database());
        let (_service, at) = self.database_service(&database).await;
        let mut connection = PgConnection::connect(&database).await.expect("a connection");
        let array = |names: [&str; 12]| format!("ARRAY['{}']", names.join("','"));
        let statement = format!(
            "INSERT INTO users (name, surname, email, search)
             SELECT name, surname, email, lower(name || ' ' || surname || chr(31) || email)
             FROM (SELECT ({})[1 + n % 12] AS name, ({})[1 + n / 12 % 12] AS surname,
                          'user' || n || '@mail' || (n % 97) || '.example.com' AS email
                   FROM generate_series(1, {PEOPLE}) n) p",
            array(GIVEN),
            array(FAMILY),
        );
        connection.execute(sqlx::AssertSqlSafe(statement)).await.expect("a crowd");
        connection.execute("VACUUM ANALYZE users").await.expect("a tidy table");
        let [port] = free_ports();
        let variables = [
            ("PORT", port.to_string()),
            ("QUEUE_URL", self.broker.fresh_url()),
            ("DATABASE_SERVICE_URL", at),
            ("ADMIN_EMAIL", ADMIN.0.to_owned()),
            ("ADMIN_PASSWORD", ADMIN.1.to_owned()),
        ];
        let _frontend = self.launch("frontend", &variables);
        let base = format!("http://127.0.0.1:{port}");
        measure(
            "PostgreSQL",
            &Console::log_in(testkit::http_client(), base, ADMIN.0, ADMIN.1).await,
        )
        .await
    }
}

/// What a person types to find one of whom they know the name and the address.
fn typed() -> Vec<String> {
    let states = |whole: &str| -> Vec<String> {
        whole.char_indices().map(|(at, c)| whole[..at + c.len_utf8()].to_owned()).collect()
    };
    ["ada lovelace", "Zoë Ham", "user777777@", "hopper", "user123456@mail72"]
        .into_iter()
        .flat_map(states)
        .collect()
}

async fn measure(database: &str, console: &Console) -> bool {
    let mut keystrokes = Vec::new();
    for text in typed() {
        keystrokes.push(millis(console, &[("q", text)]).await);
    }
    let worst = keystrokes.iter().copied().fold(0.0, f64::max);
    let typing = median(keystrokes);
    let mut whole = Vec::new();
    for n in [3_u64, 250_000, 500_000, 750_000, 999_999] {
        let address = format!("user{n}@mail{}.example.com", n % 97);
        whole.push(millis(console, &[("q", address)]).await);
    }
    let (mut near, mut far) = (Vec::new(), Vec::new());
    let deep = cursor_after(console, PEOPLE - 10_000 * PAGE).await;
    for _ in 0..ROUNDS {
        near.push(millis(console, &[]).await);
        far.push(millis(console, &[("cursor", deep.clone())]).await);
    }
    let (near, far) = (median(near), median(far));
    let name = format!("{database}: search as one types (worst {worst:.0} ms)");
    let a = row(&name, &format!("{typing:.0} ms"), "<= 200 ms", typing <= 200.0);
    note("  a whole address", &format!("{:.0} ms", median(whole)));
    let name = format!("  page 1 ({near:.1} ms), page 10,000");
    let b = row(&name, &format!("{far:.1} ms"), "<= 200 ms", far <= 200.0);
    a & b
}

/// How long the list takes to answer, newest first.
async fn millis(console: &Console, query: &[(&str, String)]) -> f64 {
    let started = Instant::now();
    let call = console.call(Method::GET, "/users").query(&[("order", "descending")]).query(query);
    let answer: Value = call.send().await.expect("an answer").json().await.expect("JSON");
    assert!(answer["items"].is_array(), "{answer}");
    started.elapsed().as_secs_f64() * 1e3
}

/// The cursor behind a row far down the list. Keys have one shape: that of a first page is changed.
async fn cursor_after(console: &Console, id: u64) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let page = console.get("/users?order=descending&limit=1").await;
    let known = page["next_cursor"].as_str().expect("a second page");
    assert_eq!(known, BASE64_URL_SAFE_NO_PAD.encode(PEOPLE.to_string()), "the shape of a cursor");
    BASE64_URL_SAFE_NO_PAD.encode(id.to_string())
}

fn json(names: [&str; 12]) -> String {
    format!("[\"{}\"]", names.join("\",\""))
}
