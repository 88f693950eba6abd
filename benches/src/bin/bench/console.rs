//! The console's list of a million people: searched as one types, and paged through.

use std::{path::Path, time::Instant};

use reqwest::Method;
use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use testkit::{Console, Process, System, free_ports};

use crate::{median, servers::Servers, table::Figure};

/// What `System` and the tests log in with.
const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery");
/// People in the list.
const PEOPLE: u64 = 1_000_000;
/// Times that each page is asked for.
const PAGES: usize = 21;
/// Rows on a page: so that the list has a page 100,000.
const PAGE: u64 = 10;
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

/// Where the list lies.
#[derive(Clone, Copy)]
enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    fn names(self) -> [&'static str; 3] {
        match self {
            Self::Sqlite => [
                "SQLite, 1,000,000 people: search as one types",
                "  search for a whole address",
                "  page 100,000 : page 1",
            ],
            Self::Postgres => [
                "PostgreSQL, 1,000,000 people: search as one types",
                "  search for a whole address",
                "  page 100,000 : page 1",
            ],
        }
    }
}

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
    measure(Database::Sqlite, &system.console().await).await
}

impl Servers {
    /// On PostgreSQL, through the Frontend and the Database Service.
    pub(crate) async fn console(&self) -> bool {
        let database = self.database.url(&self.database.create_database());
        let (_service, at) = self.database_service(&database).await;
        let mut connection = PgConnection::connect(&database).await.expect("a connection");
        crowd(&mut connection, 1, PEOPLE).await;
        let (_frontend, console) = self.frontend_with_console(&self.broker.fresh_url(), &at).await;
        measure(Database::Postgres, &console).await
    }

    /// A Frontend, and its console with somebody logged in.
    pub(crate) async fn frontend_with_console(&self, url: &str, at: &str) -> (Process, Console) {
        let [port] = free_ports();
        let variables = [
            ("PORT", port.to_string()),
            ("QUEUE_URL", url.to_owned()),
            ("DATABASE_SERVICE_URL", at.to_owned()),
            ("ADMIN_EMAIL", ADMIN.0.to_owned()),
            ("ADMIN_PASSWORD", ADMIN.1.to_owned()),
        ];
        let frontend = self.launch("frontend", &variables);
        let base = format!("http://127.0.0.1:{port}");
        let http = testkit::http_client();
        (frontend, Console::log_in(http, base, ADMIN.0, ADMIN.1).await)
    }
}

/// People with these numbers, as if they had been there for long.
pub(crate) async fn crowd(connection: &mut PgConnection, first: u64, last: u64) {
    let array = |names: [&str; 12]| format!("ARRAY['{}']", names.join("','"));
    let statement = format!(
        "INSERT INTO users (name, surname, email, search)
         SELECT name, surname, email, lower(name || ' ' || surname || chr(31) || email)
         FROM (SELECT ({})[1 + n % 12] AS name, ({})[1 + n / 12 % 12] AS surname,
                      'user' || n || '@mail' || (n % 97) || '.example.com' AS email
               FROM generate_series({first}, {last}) n) p",
        array(GIVEN),
        array(FAMILY),
    );
    connection.execute(sqlx::AssertSqlSafe(statement)).await.expect("a crowd");
    connection.execute("VACUUM ANALYZE users").await.expect("a tidy table");
}

/// What a person types to find one of whom they know the name and the address.
pub(crate) fn typed() -> Vec<String> {
    let states = |whole: &str| -> Vec<String> {
        whole.char_indices().map(|(at, c)| whole[..at + c.len_utf8()].to_owned()).collect()
    };
    ["ada lovelace", "Zoë Ham", "user777777@", "hopper", "user123456@mail72"]
        .into_iter()
        .flat_map(states)
        .collect()
}

async fn measure(database: Database, console: &Console) -> bool {
    let mut keystrokes = Vec::new();
    for text in typed() {
        keystrokes.push(millis(console, &[("q", text)]).await);
    }
    let mut whole = Vec::new();
    for n in [3_u64, 250_000, 500_000, 750_000, 999_999] {
        let address = format!("user{n}@mail{}.example.com", n % 97);
        whole.push(millis(console, &[("q", address)]).await);
    }
    let (near, far) = pages(console, PEOPLE).await;
    let ratios = far.iter().zip(&near).map(|(far, near)| far / near).collect();
    let [search, address, pages] = database.names();
    let a = Figure::millis(search, keystrokes).at_most(200.0).show();
    Figure::millis(address, whole).show();
    let detail = format!("{:.1} ms : {:.1} ms", median(far), median(near));
    a & Figure::ratio(pages, ratios).at_most(2.0).detail(detail).show()
}

/// Milliseconds that the first and the last page take, of so many people.
pub(crate) async fn pages(console: &Console, people: u64) -> (Vec<f64>, Vec<f64>) {
    let page = async |cursor: Option<String>| {
        let cursor = cursor.map(|cursor| ("cursor", cursor));
        let query: Vec<_> = cursor.into_iter().chain([("limit", PAGE.to_string())]).collect();
        millis(console, &query).await
    };
    let last = cursor_after(console, people, PAGE + 1).await;
    let (mut near, mut far) = (vec![], vec![]);
    for _ in 0..PAGES {
        near.push(page(None).await);
        far.push(page(Some(last.clone())).await);
    }
    (near, far)
}

/// How long the list takes to answer, newest first.
pub(crate) async fn millis(console: &Console, query: &[(&str, String)]) -> f64 {
    let started = Instant::now();
    let call = console.call(Method::GET, "/users").query(&[("order", "descending")]).query(query);
    let answer: Value = call.send().await.expect("an answer").json().await.expect("JSON");
    assert!(answer["items"].is_array(), "{answer}");
    started.elapsed().as_secs_f64() * 1e3
}

/// The cursor behind a row far down the list. Keys have one shape: that of a first page is changed.
async fn cursor_after(console: &Console, people: u64, id: u64) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let page = console.get("/users?order=descending&limit=1").await;
    let known = page["next_cursor"].as_str().expect("a second page");
    assert_eq!(known, BASE64_URL_SAFE_NO_PAD.encode(people.to_string()), "the shape of a cursor");
    BASE64_URL_SAFE_NO_PAD.encode(id.to_string())
}

fn json(names: [&str; 12]) -> String {
    format!("[\"{}\"]", names.join("\",\""))
}
