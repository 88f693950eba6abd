//! Each service by itself, as a process of its own: the same path, through the Database Service.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use reqwest::Client;
use serde_json::{Value, json};
use testkit::{Console, Process, eventually, free_ports};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
const ROLES: [&str; 5] =
    ["database-service", "queue-receiver", "sender", "report-generator", "frontend"];

struct Split {
    processes: Vec<Process>,
    ports: [u16; 5],
    dir: tempfile::TempDir,
}

impl Split {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ports = free_ports();
        let mut split = Self { processes: Vec::new(), ports, dir };
        for role in 0..ROLES.len() {
            split.processes.push(split.launch(role));
        }
        split
    }

    fn launch(&self, role: usize) -> Process {
        let at = |i: usize| format!("http://127.0.0.1:{}", self.ports[i]);
        let variables = [
            ("PORT", self.ports[role].to_string()),
            ("BIND_ADDRESS", "127.0.0.1".into()),
            ("JWT_SECRET", "0123456789abcdef0123456789abcdef".into()),
            ("QUEUE_URL", "sqlite:queue.db".into()),
            ("DATABASE_URL", "sqlite:userstream.db".into()),
            ("DATABASE_SERVICE_URL", at(0)),
            ("REACT_APP_API_URL", at(1)),
            ("SENDER_SERVICE_URL", at(2)),
            ("REPORT_GENERATOR_URL", at(3)),
            ("MAIL_OUTBOX_DIR", "outbox".into()),
            ("REPORT_OUTPUT_DIR", "reports".into()),
            ("ADMIN_EMAIL", "admin@example.com".into()),
            ("ADMIN_PASSWORD", "correct horse battery".into()),
        ];
        let log = self.dir.path().join(format!("{}.jsonl", ROLES[role]));
        Process::start(Path::new(BINARY), &[ROLES[role]], &variables, &log)
    }

    fn url(&self, role: usize, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports[role])
    }

    async fn answers(&self, http: &Client, role: usize, path: &str, status: u16) -> Value {
        eventually(&format!("{} answers {path} with {status}", ROLES[role]), || async {
            let answer = http.get(self.url(role, path)).send().await.ok()?;
            if answer.status() == status { answer.json().await.ok() } else { None }
        })
        .await
    }
}

#[tokio::test]
async fn five_processes_do_what_one_does_and_survive_the_loss_of_each() {
    let mut split = Split::start();
    let http = Client::builder().no_proxy().build().unwrap();
    for role in 0..ROLES.len() {
        split.answers(&http, role, "/health/ready", 200).await;
    }
    let register = async |split: &Split, email: &str| {
        let body = json!({"name": "Ada", "surname": "Lovelace", "email": email});
        let answer =
            http.post(split.url(4, "/api/registrations")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let mailed = async |split: &Split, id: &str| {
        let url = split.url(4, &format!("/api/registrations/{id}"));
        eventually("the e-mail is sent", || async {
            let status: Value = http.get(&url).send().await.ok()?.json().await.ok()?;
            (status["status"] == "email_sent").then_some(())
        })
        .await;
    };
    let id = register(&split, "ada@example.com").await;
    mailed(&split, &id).await;

    // The Frontend takes registrations while everything behind it is away.
    for role in 0..4 {
        split.processes[role].kill();
    }
    let health = split.answers(&http, 4, "/health/ready", 200).await;
    assert_eq!(health["checks"]["sender"]["status"], "unavailable");
    let waiting = register(&split, "grace@example.com").await;
    let status =
        http.get(split.url(4, &format!("/api/registrations/{waiting}"))).send().await.unwrap();
    assert_eq!(status.status(), 503);
    assert!(status.headers().contains_key("retry-after"));

    // A receiver without a database waits, and says what it waits for.
    split.processes[1] = split.launch(1);
    let health = split.answers(&http, 1, "/health/ready", 503).await;
    assert_eq!(health["checks"]["database"]["status"], "unavailable");
    assert!(health["checks"]["database"]["since"].is_string());

    for role in [3, 2, 0] {
        split.processes[role] = split.launch(role);
    }
    mailed(&split, &waiting).await;
    let console =
        Console::log_in(split.url(4, ""), "admin@example.com", "correct horse battery").await;
    assert_eq!(console.all_users().await.len(), 2);
    let report = console.report(&json!({"format": "csv", "columns": ["email"]})).await;
    assert_eq!(report["status"], "done", "{report}");
    assert_eq!(
        console.download(&report).await,
        b"email\r\nada@example.com\r\ngrace@example.com\r\n"
    );
    for queue in console.get("/stats").await["queues"].as_array().unwrap() {
        assert_eq!(queue["dead_letters"], 0, "an outage dead-lettered something: {queue}");
    }
}
