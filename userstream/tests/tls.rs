//! TLS throughout, certificates that are renewed, and secrets that are changed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, time::Duration};

use serde_json::json;
use testkit::{
    Authority, MailServer, MailServerSettings, MailTls, Postgres, RabbitMq, Role, Split,
    SplitSettings, eventually, http_client_builder, http_client_trusting,
};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
const ADMIN: &str = "admin@example.com";
const PASSWORD: &str = "correct horse battery";

/// HTTPS between all services, `amqps`, `sslmode=verify-full`, and SMTP by TLS.
#[tokio::test(flavor = "multi_thread")]
async fn everything_is_encrypted_from_the_form_to_the_mail_server() {
    let rabbit = RabbitMq::start();
    let (services, mail) = (Authority::new(), Authority::new());
    let postgres = Postgres::start_with_tls(&services);
    let folder = tempfile::tempdir().unwrap();
    let tls = Some((MailTls::Implicit, mail.issue("localhost", folder.path())));
    let server = MailServer::start_with(MailServerSettings { tls, ..Default::default() });

    // One file may hold several authorities.
    let all = [services.pem(), mail.pem(), rabbit.authority().pem()].concat();
    let trusted = folder.path().join("trusted.pem");
    fs::write(&trusted, all).unwrap();
    let trusted = trusted.display().to_string();
    let database = format!(
        "{}?sslmode=verify-full",
        postgres.url(&postgres.create_database()).replace("127.0.0.1", "localhost")
    );
    let settings = SplitSettings::on(rabbit.fresh_tls_url("localhost"), database)
        .tls(services)
        .variable("TLS_CA_FILE", trusted)
        .variable("SMTP_HOST", "localhost")
        .variable("SMTP_PORT", server.port().to_string())
        .variable("SMTP_TLS", "tls")
        .variable("PUBLIC_URL", "https://users.example.com")
        .variable("MAIL_OUTBOX_DIR", "");
    let split = Split::start(BINARY, settings).await;
    let id = split.register("ada@example.com").await;
    split.mailed(&id).await;
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].encrypted);
    let console = split.console().await;
    let report = console.report(&json!({"format": "csv", "columns": ["email"]})).await;
    assert_eq!(console.download(&report).await, b"email\r\nada@example.com\r\n");

    // Nobody gets in without TLS, and pages are told to come by it only.
    let plain = split.url(Role::Frontend, "/").replace("https:", "http:");
    assert!(testkit::http_client().get(plain).send().await.is_err());
    let page = split.http().get(split.url(Role::Frontend, "/")).send().await.unwrap();
    assert!(page.headers().contains_key("strict-transport-security"));
}

/// Whoever does not trust an authority does not talk to those it signed for, and loses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_a_foreign_authority_is_refused_on_both_sides() {
    let foreign = Authority::new();
    let mut split = Split::start(BINARY, SplitSettings::embedded().tls(Authority::new())).await;
    let stranger = http_client_trusting(&foreign.pem());
    let health = split.url(Role::Frontend, "/health");
    assert!(stranger.get(&health).send().await.unwrap_err().is_connect());

    // The Database Service comes back with a certificate that nobody here trusts.
    split.stop(Role::DatabaseService, 0);
    let own = foreign.issue("localhost", tempfile::tempdir().unwrap().keep().as_path());
    let variables = [
        ("TLS_CERT_FILE", own.certificate.display().to_string()),
        ("TLS_KEY_FILE", own.key.display().to_string()),
    ];
    split.restart_with(Role::DatabaseService, 0, &variables);
    let id = split.register("ada@example.com").await;
    let health = split.answers(Role::QueueReceiver, "/health/ready", 503).await;
    let said = health["checks"]["database"]["error"].as_str().unwrap();
    assert!(said.contains("UnknownIssuer") || said.contains("certificate"), "{said}");

    split.stop(Role::DatabaseService, 0);
    split.restart(Role::DatabaseService, 0);
    split.mailed(&id).await;
    let console = split.console().await;
    for queue in console.get("/stats").await["queues"].as_array().unwrap() {
        assert_eq!(queue["dead_letters"], 0, "{queue}");
    }
}

/// `PUBLIC_URL` says nothing of HTTPS, but there is nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn cookies_that_came_by_https_go_by_nothing_else() {
    let split = Split::start(BINARY, SplitSettings::embedded().tls(Authority::new())).await;
    // Waits for the account.
    split.console().await;
    let login = split.http().post(split.url(Role::Frontend, "/api/admin/login"));
    let login = login.json(&json!({"email": ADMIN, "password": PASSWORD}));
    let foreign = login.try_clone().unwrap();
    let answer = login.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200; Secure"),
        "{cookie}"
    );

    let page = split.url(Role::Frontend, "");
    let plain = page.replace("https:", "http:");
    let refused = foreign.header("origin", plain).send().await.unwrap();
    assert_eq!(refused.status(), 403, "a page that came without TLS is another site");

    let client = http_client_builder().tls_danger_accept_invalid_certs(true);
    let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let chosen = client.get(format!("{page}/?language=de")).send().await.unwrap();
    let cookie = chosen.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("userstream_language=de; ") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_taken_up_without_a_restart_and_a_broken_one_is_not() {
    let split = Split::start(BINARY, SplitSettings::embedded().tls(Authority::new())).await;
    let (certificate, key) = split.certificate();
    let url = split.url(Role::Frontend, "/health/live");
    let answers = async |authority: &str| {
        // A new client, and so a new connection.
        http_client_trusting(authority).get(&url).send().await.is_ok()
    };
    let before = fs::read_to_string(split.folder().join("authority.pem")).unwrap();
    assert!(answers(&before).await);

    fs::write(certificate, "no certificate").unwrap();
    let log = || split.log_text(Role::Frontend, 0);
    eventually("it is told of", || async {
        log().contains("the new certificate cannot be used").then_some(())
    })
    .await;
    assert!(answers(&before).await, "the one before stays");

    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let renewed = authority.issue("localhost", folder.path());
    fs::copy(renewed.certificate, certificate).unwrap();
    fs::copy(renewed.key, key).unwrap();
    eventually("the renewed one is shown", || async {
        answers(&authority.pem()).await.then_some(())
    })
    .await;
    assert!(!answers(&before).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_the_command_do_for_everything_in_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let certs = || {
        let mut command = std::process::Command::new(BINARY);
        command.args(["certs", "--name", "users.internal"]).current_dir(folder.path());
        let output = command.env_clear().output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    certs();
    let file = |name: &str| folder.path().join("certs").join(name);
    let (first, authority) = (fs::read(file("frontend.pem")).unwrap(), read(&file("ca.pem")));
    certs();
    assert_ne!(fs::read(file("frontend.pem")).unwrap(), first, "renewed");
    assert_eq!(read(&file("ca.pem")), authority, "by the same authority");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &file("ca-key.pem").metadata().unwrap().permissions(),
    );
    assert_eq!(mode & 0o077, 0, "only its owner reads a key");

    let text = |name: &str| file(name).display().to_string();
    let (ca, cert, key) = (text("ca.pem"), text("frontend.pem"), text("frontend-key.pem"));
    let variables = [("TLS_CA_FILE", &*ca), ("TLS_CERT_FILE", &*cert), ("TLS_KEY_FILE", &*key)];
    let system = testkit::System::start_with_tls(BINARY, &variables, &authority).await;
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    system.reaches(&id, "email_sent").await;
    let mail = system.outbox().pop().unwrap();
    assert!(mail.contains("https://localhost:"), "links lead to HTTPS");
    // The console's calls go from service to service.
    let console = system.console().await;
    assert_eq!(console.get("/users").await["items"][0]["email"], "ada@example.com");
    assert_eq!(console.get("/stats").await["queues"].as_array().unwrap().len(), 3);
}

/// Every service is restarted for each step, while calls go on without pause.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_changed_under_load_without_one_failed_call() {
    const OLD: &str = "0123456789abcdef0123456789abcdef";
    const NEW: &str = "fedcba9876543210fedcba9876543210";
    let mut settings = SplitSettings::embedded();
    for role in Role::ALL {
        settings = settings.copies(role, 2);
    }
    let mut split = Split::start(BINARY, settings).await;
    let first = split.register("before@example.com").await;
    split.mailed(&first).await;
    let load = split.load();
    // Everyone learns the new one; everyone signs with it; everyone forgets the old one.
    for (secret, previous) in [(OLD, NEW), (NEW, OLD), (NEW, "")] {
        let variables =
            [("JWT_SECRET", secret.to_owned()), ("JWT_SECRET_PREVIOUS", previous.to_owned())];
        for role in Role::ALL {
            for copy in split.numbers(role) {
                split.stop(role, copy);
                split.restart_with(role, copy, &variables);
                split.ready(role, copy).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let ids = load.stop().await;
    assert!(ids.len() > 20, "{} calls", ids.len());
    let last = ids.last().unwrap();
    split.mailed(last).await;
    for service in Role::ALL {
        for copy in split.numbers(service) {
            let log = split.log_text(service, copy);
            for status in ["\"status\":401", "\"status\":403"] {
                assert!(!log.contains(status), "{} {copy} answered {status}", service.name());
            }
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
