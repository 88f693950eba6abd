//! Each service as a process of its own, in any number of copies.

mod settings;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Certificate, Console, Load, Process, Proxy, Role, api::ADMIN, eventually, free_ports,
    http_client, http_client_trusting, memory,
};

pub use self::settings::SplitSettings;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A running system of many processes. Services reach each other through proxies, whose addresses
/// stay while copies come and go. When a test fails, its folder with all logs is kept.
#[derive(Debug)]
pub struct Split {
    copies: BTreeMap<(Role, usize), Copy>,
    proxies: BTreeMap<Role, Proxy>,
    peaks: BTreeMap<Role, f64>,
    settings: SplitSettings,
    binary: PathBuf,
    http: Client,
    certificate: Option<Identity>,
    dir: Option<TempDir>,
}

/// The files of a service that speaks HTTPS.
#[derive(Debug)]
struct Identity {
    authority: PathBuf,
    certificate: Certificate,
}

impl Identity {
    fn variables(&self) -> [(&'static str, String); 3] {
        let text = |path: &Path| path.display().to_string();
        [
            ("TLS_CA_FILE", text(&self.authority)),
            ("TLS_CERT_FILE", text(&self.certificate.certificate)),
            ("TLS_KEY_FILE", text(&self.certificate.key)),
        ]
    }
}

#[derive(Debug)]
struct Copy {
    port: u16,
    /// None while it is down.
    process: Option<Process>,
}

impl Split {
    /// Starts all copies and waits until they are ready.
    pub async fn start(binary: impl AsRef<Path>, settings: SplitSettings) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let certificate = settings.tls.as_ref().map(|authority| Identity {
            authority: authority.write(dir.path()),
            certificate: authority.issue("localhost", dir.path()),
        });
        let mut split = Self {
            certificate,
            copies: BTreeMap::new(),
            proxies: Role::ALL.map(|role| (role, Proxy::start([]))).into(),
            peaks: BTreeMap::new(),
            binary: binary.as_ref().to_owned(),
            http: match &settings.tls {
                Some(authority) => http_client_trusting(&authority.pem()),
                None => http_client(),
            },
            dir: Some(dir),
            settings,
        };
        for role in Role::ALL {
            for _ in 0..split.settings.copies[&role] {
                split.add(role);
            }
        }
        split.all_ready().await;
        split
    }

    /// Starts one more copy of a service and returns its number.
    pub fn add(&mut self, role: Role) -> usize {
        let copy = self.numbers(role).last().map_or(0, |last| last + 1);
        let [port] = free_ports();
        self.copies.insert((role, copy), Copy { port, process: None });
        self.restart(role, copy);
        self.retarget(role);
        copy
    }

    /// Starts a copy that is down, on its port and with its log.
    pub fn restart(&mut self, role: Role, copy: usize) {
        self.restart_with(role, copy, &[]);
    }

    /// The same with these variables in place of the system's.
    pub fn restart_with(&mut self, role: Role, copy: usize, own: &[(&'static str, String)]) {
        let log = self.log(role, copy);
        let mut variables = self.variables();
        variables.extend_from_slice(own);
        variables.push(("PORT", self.copy(role, copy).port.to_string()));
        let process = Process::start(&self.binary, &[role.name()], &variables, &log);
        self.copy_mut(role, copy).process = Some(process);
    }

    /// Ends a copy at once, as a power cut would (SIGKILL).
    pub fn kill(&mut self, role: Role, copy: usize) {
        if let Some(mut process) = self.take(role, copy) {
            process.kill();
        }
    }

    /// Asks a copy to stop (SIGTERM), and waits until it has, in good order.
    pub fn stop(&mut self, role: Role, copy: usize) {
        let mut process = self.take(role, copy).expect("it runs");
        let status = process.stop();
        assert!(status.success(), "{} {copy}: {status}: {}", role.name(), process.output());
    }

    /// Forgets a copy, which ends if it runs.
    pub fn remove(&mut self, role: Role, copy: usize) {
        self.kill(role, copy);
        self.copies.remove(&(role, copy));
        self.retarget(role);
    }

    /// The numbers of a service's copies, those that are down too.
    pub fn numbers(&self, role: Role) -> Vec<usize> {
        self.copies.keys().filter(|(r, _)| *r == role).map(|(_, copy)| *copy).collect()
    }

    /// Where a service's copies listen, those that are down too.
    pub fn ports(&self, role: Role) -> impl Iterator<Item = u16> {
        self.copies.iter().filter(move |((r, _), _)| *r == role).map(|(_, copy)| copy.port)
    }

    /// Whether a copy was started and not ended by the test.
    pub fn is_up(&self, role: Role, copy: usize) -> bool {
        self.copy(role, copy).process.is_some()
    }

    /// Waits until a copy answers at all.
    pub async fn live(&mut self, role: Role, copy: usize) {
        self.healthy(role, copy, "/health/live").await;
    }

    /// Waits until a copy is ready.
    pub async fn ready(&mut self, role: Role, copy: usize) {
        self.healthy(role, copy, "/health/ready").await;
    }

    async fn healthy(&mut self, role: Role, copy: usize, path: &str) {
        let url = self.copy_url(role, copy, path);
        let http = self.http.clone();
        let process = self.copy_mut(role, copy).process.as_mut().expect("it was started");
        eventually(&format!("{} {copy} answers {path}", role.name()), || {
            assert!(process.runs(), "{} {copy} ended: {}", role.name(), process.output());
            let answer = http.get(&url).send();
            async move { answer.await.ok().filter(|a| a.status().is_success()) }
        })
        .await;
    }

    /// Waits until every copy that was started is ready.
    pub async fn all_ready(&mut self) {
        let keys: Vec<_> = self.copies.keys().copied().collect();
        for (role, copy) in keys {
            if self.is_up(role, copy) {
                self.ready(role, copy).await;
            }
        }
    }

    /// The JSON that a service answers a GET with, once it has this status.
    pub async fn answers(&self, role: Role, path: &str, status: u16) -> Value {
        let url = self.url(role, path);
        eventually(&format!("{} answers {path} with {status}", role.name()), || async {
            let answer = self.http.get(&url).send().await.ok()?;
            if answer.status() == status { answer.json().await.ok() } else { None }
        })
        .await
    }

    /// An address of a service that stays, whichever copies are there.
    pub fn url(&self, role: Role, path: &str) -> String {
        format!("{}:{}{path}", self.host(), self.proxy(role).port())
    }

    /// An address of one copy.
    pub fn copy_url(&self, role: Role, copy: usize, path: &str) -> String {
        format!("{}:{}{path}", self.host(), self.copy(role, copy).port)
    }

    /// What is in front of a service's copies.
    pub fn proxy(&self, role: Role) -> &Proxy {
        &self.proxies[&role]
    }

    /// A client without cookies.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// Logs in as the administrator.
    pub async fn console(&self) -> Console {
        Console::log_in(self.http.clone(), self.url(Role::Frontend, ""), ADMIN.0, ADMIN.1).await
    }

    /// Lets people register until it is stopped.
    pub fn load(&self) -> Load {
        Load::start(&self.http, &self.url(Role::Frontend, ""))
    }

    /// The certificate and the key of all services, where they speak HTTPS.
    pub fn certificate(&self) -> (&Path, &Path) {
        let Identity { certificate, .. } = self.certificate.as_ref().expect("it speaks HTTPS");
        (&certificate.certificate, &certificate.key)
    }

    /// What a copy has logged, over all its lives.
    pub fn log_text(&self, role: Role, copy: usize) -> String {
        std::fs::read_to_string(self.log(role, copy)).expect("a log")
    }

    /// A service token for `audience`.
    pub fn token(&self, audience: Role) -> String {
        let output = Command::new(&self.binary)
            .args(["token", "--audience", audience.name()])
            .env_clear()
            .env("JWT_SECRET", SECRET)
            .current_dir(self.folder())
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a token is text").trim().to_owned()
    }

    /// Registers a person and returns the registration's id.
    pub async fn register(&self, email: &str) -> String {
        let body = json!({"name": "Ada", "surname": "Lovelace", "email": email});
        let url = self.url(Role::Frontend, "/api/registrations");
        let answer = self.http.post(url).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap_or_default());
        let answer: Value = answer.json().await.expect("JSON");
        answer["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until the e-mail of a registration is sent.
    pub async fn mailed(&self, id: &str) {
        let url = self.url(Role::Frontend, &format!("/api/registrations/{id}"));
        eventually(&format!("the e-mail of {id} is sent"), || async {
            let status: Value = self.http.get(&url).send().await.ok()?.json().await.ok()?;
            (status["status"] == "email_sent").then_some(())
        })
        .await;
    }

    /// The names of the e-mails in the outbox.
    pub fn outbox(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.folder().join("outbox")) else { return Vec::new() };
        let paths = files.flatten().map(|file| file.path());
        let mails = paths.filter(|path| path.extension().is_some_and(|e| e == "eml"));
        mails.filter_map(|path| path.file_name()?.to_str().map(Into::into)).collect()
    }

    /// The most that any copy of a service ever had in memory, in MiB.
    pub fn peak_memory_mib(&mut self, role: Role) -> f64 {
        for copy in self.numbers(role) {
            self.note_peak(role, copy);
        }
        self.peaks.get(&role).copied().unwrap_or_default()
    }

    /// Where logs, e-mails and reports are.
    pub fn folder(&self) -> &Path {
        self.dir.as_ref().expect("it is there until the end").path()
    }

    /// Ends the system and keeps its folder.
    pub fn keep(mut self) -> PathBuf {
        self.copies.clear();
        self.dir.take().expect("it is there until the end").keep()
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("BIND_ADDRESS", "127.0.0.1".into()),
            ("JWT_SECRET", SECRET.into()),
            ("QUEUE_URL", self.settings.queue.clone()),
            ("DATABASE_URL", self.settings.database.clone()),
            ("DATABASE_SERVICE_URL", self.url(Role::DatabaseService, "")),
            ("REACT_APP_API_URL", self.url(Role::QueueReceiver, "")),
            ("SENDER_SERVICE_URL", self.url(Role::Sender, "")),
            ("REPORT_GENERATOR_URL", self.url(Role::ReportGenerator, "")),
            ("MAIL_OUTBOX_DIR", "outbox".into()),
            ("REPORT_OUTPUT_DIR", "reports".into()),
            ("ADMIN_EMAIL", ADMIN.0.into()),
            ("ADMIN_PASSWORD", ADMIN.1.into()),
        ];
        variables.extend(self.certificate.iter().flat_map(Identity::variables));
        variables.extend(self.settings.variables.iter().cloned());
        variables
    }

    fn host(&self) -> &'static str {
        if self.certificate.is_some() { "https://localhost" } else { "http://127.0.0.1" }
    }

    fn log(&self, role: Role, copy: usize) -> PathBuf {
        self.folder().join(format!("{}-{copy}.jsonl", role.name()))
    }

    fn copy(&self, role: Role, copy: usize) -> &Copy {
        self.copies.get(&(role, copy)).expect("there is such a copy")
    }

    fn copy_mut(&mut self, role: Role, copy: usize) -> &mut Copy {
        self.copies.get_mut(&(role, copy)).expect("there is such a copy")
    }

    fn take(&mut self, role: Role, copy: usize) -> Option<Process> {
        self.note_peak(role, copy);
        self.copy_mut(role, copy).process.take()
    }

    fn note_peak(&mut self, role: Role, copy: usize) {
        let Some(process) = &self.copy(role, copy).process else { return };
        let now = memory::peak_mib(process.id());
        let peak = self.peaks.entry(role).or_default();
        *peak = peak.max(now);
    }

    fn retarget(&self, role: Role) {
        self.proxy(role).set_targets(self.ports(role));
    }
}

impl Drop for Split {
    fn drop(&mut self) {
        self.copies.clear();
        if std::thread::panicking()
            && let Some(dir) = self.dir.take()
        {
            eprintln!("the logs of all services are in {}", dir.keep().display());
        }
    }
}
