//! The whole system in one process: `userstream up`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Console, Load, Process, api::ADMIN, eventually, free_ports, http_client, http_client_trusting,
};

/// Where the five services listen.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is the port of the service of that name")]
pub struct Ports {
    pub frontend: u16,
    pub queue_receiver: u16,
    pub sender: u16,
    pub database_service: u16,
    pub report_generator: u16,
}

/// A running system on a folder of its own.
#[derive(Debug)]
pub struct System {
    process: Process,
    binary: PathBuf,
    ports: Ports,
    variables: Vec<(&'static str, String)>,
    http: Client,
    host: &'static str,
    dir: TempDir,
}

impl System {
    /// Starts the system and waits until it is ready. `variables` are added to its environment.
    pub async fn start(binary: impl AsRef<Path>, variables: &[(&'static str, &str)]) -> Self {
        Self::launch(binary.as_ref(), variables, "http://127.0.0.1", http_client()).await
    }

    /// The same for variables that make it speak HTTPS, with a certificate of this authority (PEM).
    pub async fn start_with_tls(
        binary: impl AsRef<Path>,
        variables: &[(&'static str, &str)],
        authority: &str,
    ) -> Self {
        let http = http_client_trusting(authority);
        Self::launch(binary.as_ref(), variables, "https://localhost", http).await
    }

    async fn launch(
        binary: &Path,
        variables: &[(&'static str, &str)],
        host: &'static str,
        http: Client,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let [frontend, queue_receiver, sender, database_service, report_generator] = free_ports();
        let ports = Ports { frontend, queue_receiver, sender, database_service, report_generator };
        let mut all = vec![
            ("ADMIN_EMAIL", ADMIN.0.to_owned()),
            ("ADMIN_PASSWORD", ADMIN.1.to_owned()),
            ("RATE_LIMIT_PER_MINUTE", "0".to_owned()),
        ];
        for (variable, value) in variables {
            all.retain(|(v, _)| v != variable);
            all.push((variable, (*value).to_owned()));
        }
        let binary = binary.to_owned();
        let process = launch(&binary, dir.path(), ports, &all);
        let mut system = Self { host, process, binary, ports, variables: all, http, dir };
        system.ready().await;
        system
    }

    /// Ends the process at once and starts it again on the same folder.
    pub async fn kill_and_restart(&mut self) {
        self.process.kill();
        self.process = launch(&self.binary, self.dir.path(), self.ports, &self.variables);
        self.ready().await;
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    async fn ready(&mut self) {
        let url = self.url("/health/ready");
        let http = self.http.clone();
        let process = &mut self.process;
        eventually("the system is ready", || {
            assert!(process.runs(), "the process ended: {}", process.output());
            let answer = http.get(&url).send();
            async move { answer.await.ok().filter(|r| r.status().is_success()) }
        })
        .await;
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("var")
    }

    /// Where the services listen.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// An address of the Frontend.
    pub fn url(&self, path: &str) -> String {
        format!("{}:{}{path}", self.host, self.ports.frontend)
    }

    /// A client without cookies.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// Runs another command of the binary on the same folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).env_clear().current_dir(self.dir.path());
        command
    }

    /// Lets people register until it is stopped, through restarts too.
    pub fn load(&self) -> Load {
        Load::start(&self.http, &self.url(""))
    }

    /// Asks the process to stop (SIGTERM), waits until it has, in good order, and starts it again.
    pub async fn stop_and_restart(&mut self) {
        let status = self.process.stop();
        assert!(status.success(), "{status}: {}", self.process.output());
        self.process = launch(&self.binary, self.dir.path(), self.ports, &self.variables);
        self.ready().await;
    }

    /// A service token for `audience`.
    pub fn token(&self, audience: &str) -> String {
        let output = self.command(&["token", "--audience", audience]).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a token is text").trim().to_owned()
    }

    /// Submits the form as the web app does.
    pub async fn post(&self, body: &Value) -> Response {
        let request = self.http.post(self.url("/api/registrations")).json(body);
        request.send().await.expect("an answer")
    }

    /// Registers a person and returns the registration's id.
    pub async fn register(&self, name: &str, surname: &str, email: &str) -> String {
        let body = json!({"name": name, "surname": surname, "email": email});
        let answer = self.post(&body).await;
        assert_eq!(answer.status(), 202);
        let answer: Value = answer.json().await.expect("JSON");
        answer["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until a registration has come to a stage, and returns its status.
    pub async fn reaches(&self, id: &str, stage: &str) -> Value {
        let url = self.url(&format!("/api/registrations/{id}"));
        eventually(&format!("registration {id} is {stage}"), || async {
            let status: Value = self.http.get(&url).send().await.ok()?.json().await.ok()?;
            let there = status["timeline"].as_array()?.iter().any(|s| s["stage"] == stage);
            there.then_some(status)
        })
        .await
    }

    /// Logs in as the administrator.
    pub async fn console(&self) -> Console {
        Console::log_in(self.http.clone(), self.url(""), ADMIN.0, ADMIN.1).await
    }

    /// The e-mails in the outbox, as text.
    pub fn outbox(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.data().join("outbox")) else { return Vec::new() };
        let paths = files.map(|f| f.expect("a folder entry").path());
        let mails = paths.filter(|p| p.extension().is_some_and(|e| e == "eml"));
        mails.map(|p| std::fs::read_to_string(p).expect("an e-mail is text")).collect()
    }
}

fn launch(
    binary: &Path,
    dir: &Path,
    ports: Ports,
    variables: &[(&'static str, String)],
) -> Process {
    let Ports { frontend, queue_receiver, sender, database_service, report_generator } = ports;
    let args = [
        "up".to_owned(),
        format!("--port={frontend}"),
        format!("--queue-receiver-port={queue_receiver}"),
        format!("--sender-port={sender}"),
        format!("--database-service-port={database_service}"),
        format!("--report-generator-port={report_generator}"),
    ];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Process::start(binary, &args, variables, &dir.join("log.jsonl"))
}
