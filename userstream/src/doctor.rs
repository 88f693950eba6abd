//! `userstream doctor`: what would keep a service from its work, in clear words, before it starts.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use reqwest::{Method, StatusCode, header};
use runtime::{Env, Identity, ServiceClient, telemetry};
use wiring::{Error, Keys, Peer};

use crate::{
    cli::{DoctorOptions, Role, UpOptions},
    up::{self, data},
};

/// How long anything that is asked may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Free space below which a disk is worth a word, in bytes.
const LITTLE_ROOM: f64 = 1e9;
/// How far clocks may differ, in seconds: service tokens are good for a minute.
const CLOCKS: i64 = 10;
const CERTIFICATE_DAYS: i64 = 14;

/// What a check found.
enum Finding {
    /// All is well, and this is how it is.
    Good(String),
    /// It works, but a person may want to know.
    Note(String),
    /// It would not work: what is wrong, and what to do.
    Bad(String),
}
use Finding::{Bad, Good, Note};

/// Everything that was looked at, in order.
#[derive(Default)]
struct Report(Vec<(&'static str, Finding)>);

impl Report {
    fn add(&mut self, what: &'static str, finding: Finding) {
        let (sign, text) = match &finding {
            Good(text) => (" ok ", text),
            Note(text) => ("note", text),
            Bad(text) => ("FAIL", text),
        };
        println!("  {sign}  {what:<18} {text}");
        self.0.push((what, finding));
    }

    /// Adds what reading settings gave, and passes on what was read.
    fn settings<T>(&mut self, read: Result<T, impl Into<Error>>) -> Option<T> {
        read.map_err(|error| self.add("settings", Bad(error.into().to_string()))).ok()
    }

    fn end(self) -> Result<(), Error> {
        let bad = self.0.iter().filter(|(_, finding)| matches!(finding, Bad(_))).count();
        match bad {
            0 => {
                println!("\nReady.");
                Ok(())
            }
            1 => Err(Error::new("one thing must be mended first")),
            n => Err(Error::new(format!("{n} things must be mended first"))),
        }
    }
}

pub(crate) fn run(env: Env, options: &DoctorOptions) -> Result<(), Error> {
    let mut report = Report::default();
    let (env, roles) = match options.service {
        Some(role) => (env, vec![role]),
        None => match report.settings(as_up(env, &options.data_dir)) {
            Some(env) => (env, Role::value_variants().to_vec()),
            // Without these nothing else can be looked at.
            None => return report.end(),
        },
    };
    let alone = options.service.is_some();
    tokio::runtime::Runtime::new()?.block_on(async {
        settings(&mut report, &env, &roles);
        certificate(&mut report, &env);
        let any = |wanted: &[Role]| roles.iter().any(|role| wanted.contains(role));
        if roles != [Role::DatabaseService] {
            queue(&mut report, &env).await;
        }
        if any(&[Role::DatabaseService]) {
            database(&mut report, &env).await;
        }
        if any(&[Role::Sender]) {
            mail(&mut report, &env).await;
        }
        if any(&[Role::ReportGenerator]) {
            let folder = env.text("REPORT_OUTPUT_DIR").unwrap_or("/reports");
            report.add("reports", writable(Path::new(folder)));
        }
        for role in &roles {
            port(&mut report, &env, *role, alone);
        }
        if alone {
            peers(&mut report, &env, roles[0]).await;
        }
        report.end()
    })
}

/// The variables as `userstream up` would have them; nothing is made.
fn as_up(env: Env, dir: &Path) -> Result<Env, Error> {
    let secret = match env.text("JWT_SECRET") {
        Some(secret) => secret.to_owned(),
        None => match data::read_secret(dir)? {
            Some(secret) => secret.expose().to_owned(),
            // As long as the one that the first start makes.
            None => "0".repeat(64),
        },
    };
    let options = UpOptions { data_dir: dir.to_owned(), ..UpOptions::default() };
    up::defaults(env, &options, secret)
}

/// Whether each service can read its variables.
fn settings(report: &mut Report, env: &Env, roles: &[Role]) {
    let mut read = true;
    let mut note = |result: Option<()>| read &= result.is_some();
    note(report.settings(Keys::from_env(env)).map(drop));
    for role in roles {
        note(match role {
            Role::Frontend => report.settings(frontend::Settings::from_env(env)).map(drop),
            Role::QueueReceiver => {
                report.settings(queue_receiver::Settings::from_env(env)).map(drop)
            }
            Role::Sender => report.settings(sender::Settings::from_env(env)).map(drop),
            Role::ReportGenerator => {
                report.settings(report_generator::Settings::from_env(env)).map(drop)
            }
            Role::DatabaseService => Some(()),
        });
    }
    if read {
        report.add("settings", Good("every variable can be read".into()));
    }
    if roles.contains(&Role::Frontend) {
        let public = env.text("PUBLIC_URL").unwrap_or("http://localhost:3000");
        let listens = env.text("BIND_ADDRESS").unwrap_or("0.0.0.0");
        if public.contains("localhost") && listens != "127.0.0.1" {
            let problem = "links in e-mails lead to localhost, where nobody else is; set it to the \
                           address that people type";
            report.add("PUBLIC_URL", Note(problem.into()));
        }
    }
}

fn certificate(report: &mut Report, env: &Env) {
    let Some(identity) = report.settings(Identity::from_env(env)).flatten() else { return };
    report.add(
        "certificate",
        match identity.expires_at() {
            Err(error) => Bad(error),
            Ok(end) => {
                let days = (end - Utc::now()).num_days();
                let on = end.format("%Y-%m-%d");
                match days {
                    ..0 => Bad(format!("it ended on {on}; make or fetch a new one")),
                    0..CERTIFICATE_DAYS => Note(format!("it ends on {on}; renew it now")),
                    _ => Good(format!("good until {on}")),
                }
            }
        },
    );
    if let Some(key) = env.text("TLS_KEY_FILE")
        && let Ok(file) = fs::metadata(key)
        && file.permissions().mode() & 0o044 != 0
    {
        report.add("TLS_KEY_FILE", Note(format!("others may read it; chmod 600 {key}")));
    }
}

async fn queue(report: &mut Report, env: &Env) {
    let (_, url) = wiring::queue_url(env);
    if let Some(file) = queue::file_of(url) {
        return report.add("queue", writable(&file));
    }
    let check = async {
        let queue = wiring::queue(env).await.map_err(|e| e.to_string())?;
        queue.check().await.map_err(|e| e.to_string())
    };
    report.add(
        "queue",
        match tokio::time::timeout(PATIENCE, check).await {
            Ok(Ok(())) => Good("RabbitMQ answers".into()),
            Ok(Err(error)) => {
                Bad(format!("{error}; is RabbitMQ there, and do user and password fit?"))
            }
            Err(_) => Bad("no answer; is RabbitMQ there, and does nothing block the way?".into()),
        },
    );
}

async fn database(report: &mut Report, env: &Env) {
    let Some((_, url)) = report.settings(wiring::database_url(env)) else { return };
    if let Some(file) = store::file_of(&url) {
        report.add("database file", writable(&file));
    }
    let found = match tokio::time::timeout(PATIENCE, store::inspect(&url)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return report.add("database", Bad(error.to_string())),
        Err(_) => return report.add("database", Bad("no answer; is it there?".into())),
    };
    let store::Inspection { system, encrypted, pending, later } = found;
    report.add(
        "database",
        match (later, pending) {
            (0, 0) => Good(format!("{system}, up to date")),
            (0, n) => Good(format!("{system}; the start brings it up to date ({n} migrations)")),
            (n, _) => Bad(format!(
                "{system} has {n} migrations of a later version of UserStream; start that version"
            )),
        },
    );
    let local = ["localhost", "127.0.0.1", "[::1]", "%2F"].iter().any(|host| url.contains(host));
    if encrypted == Some(false) && !local {
        let problem = "the connection is not encrypted; set DB_SSLMODE=verify-full (or \
                       ?sslmode=verify-full) and TLS_CA_FILE";
        report.add("database", Note(problem.into()));
    }
}

async fn mail(report: &mut Report, env: &Env) {
    let Ok(settings) = sender::Settings::from_env(env) else { return };
    if let sender::Delivery::Outbox(folder) = &settings.delivery {
        let problem = format!("e-mails go into {} and to nobody", folder.display());
        report.add("outbox", writable(folder));
        return report.add("mail", Note(problem));
    }
    report.add(
        "mail",
        match tokio::time::timeout(PATIENCE, sender::check(&settings)).await {
            Ok(Ok(())) => Good("the mail server lets us in".into()),
            Ok(Err(error)) => Bad(error),
            Err(_) => {
                Bad("the mail server does not answer; do SMTP_HOST and SMTP_PORT fit?".into())
            }
        },
    );
}

/// Whether the port is free, or one of ours is at it.
fn port(report: &mut Report, env: &Env, role: Role, alone: bool) {
    let named = if alone || role == Role::Frontend { env.or("PORT", "0") } else { Ok(0) };
    let Some(named) = report.settings(named) else { return };
    let port = if named == 0 { role.port() } else { named };
    let address = env.text("BIND_ADDRESS").unwrap_or("0.0.0.0");
    match std::net::TcpListener::bind((address, port)) {
        Ok(_) => report.add("port", Good(format!("{port} is free for the {}", role.name()))),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let problem = format!("{port} is taken; fine if that is the {} itself", role.name());
            report.add("port", Note(problem));
        }
        Err(error) => report.add("port", Bad(format!("{address}:{port}: {error}"))),
    }
}

/// Whether the services that this one calls answer, accept its tokens, and have the same time.
async fn peers(report: &mut Report, env: &Env, role: Role) {
    let Ok(keys) = Keys::from_env(env) else { return };
    let called: &[(Peer, &str)] = match role {
        Role::Frontend => &[
            (Peer::QueueReceiver, "/queues"),
            (Peer::Sender, "/templates"),
            (Peer::DatabaseService, "/stats"),
            (Peer::ReportGenerator, "/reports?limit=1"),
        ],
        Role::Sender => {
            &[(Peer::DatabaseService, "/stats"), (Peer::ReportGenerator, "/reports?limit=1")]
        }
        Role::QueueReceiver | Role::ReportGenerator => &[(Peer::DatabaseService, "/stats")],
        Role::DatabaseService => &[],
    };
    for (peer, path) in called {
        let Some(client) = report.settings(wiring::peer(env, &keys.tokens, role.name(), *peer))
        else {
            continue;
        };
        let finding = ask(&client, path).await;
        report.add(client.audience(), finding);
    }
}

async fn ask(client: &ServiceClient, path: &str) -> Finding {
    let base = client.base();
    let answer = client.request(Method::GET, path).timeout(PATIENCE).send().await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let mut cause = &error as &dyn std::error::Error;
            while let Some(next) = cause.source() {
                cause = next;
            }
            // Whoever needs it waits for it.
            return Note(format!("{base} does not answer ({cause}); it will be waited for"));
        }
    };
    let time = answer.headers().get(header::DATE).and_then(|d| d.to_str().ok());
    let time = time.and_then(|d| DateTime::parse_from_rfc2822(d).ok());
    let off = time.map_or(0, |time| (Utc::now() - time.to_utc()).num_seconds().abs());
    match answer.status() {
        _ if off > CLOCKS => Bad(format!(
            "the clocks of this machine and {base} differ by {off} s, and tokens end after a minute; \
             set both by NTP"
        )),
        StatusCode::UNAUTHORIZED => Bad(format!(
            "{base} does not accept our token: JWT_SECRET must be the same there and here"
        )),
        StatusCode::FORBIDDEN => Bad(format!("{base} is another service than it should be")),
        status if status.is_success() => Good(format!("{base} answers and accepts our token")),
        status => Note(format!("{base} answers {status}")),
    }
}

/// Whether a file or folder can be written to, or made, and how much room there is.
fn writable(path: &Path) -> Finding {
    let shown = path.display();
    let Some(there) = std::path::absolute(path)
        .ok()
        .and_then(|path| path.ancestors().find(|path| path.exists()).map(Path::to_owned))
    else {
        return Bad(format!("{shown} is no path"));
    };
    let access = rustix::fs::access(&there, rustix::fs::Access::WRITE_OK);
    if access.is_err() {
        return Bad(format!(
            "{} cannot be written to by this user; change its owner or choose another place",
            there.display()
        ));
    }
    match telemetry::room(path) {
        Some((free, _)) if free < LITTLE_ROOM => {
            Note(format!("{shown}: only {:.0} MB are free", free / 1e6))
        }
        Some((free, _)) => {
            Good(format!("{shown} can be written to; {:.0} GB are free", free / 1e9))
        }
        None => Good(format!("{shown} can be written to")),
    }
}
