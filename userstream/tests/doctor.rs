//! `userstream doctor` says what would keep a service from its work, and changes nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{os::unix::fs::PermissionsExt, process::Command};

use testkit::{MailServer, Postgres, Role, Split, SplitSettings, free_ports};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Its exit code, and all it said.
fn doctor(folder: &std::path::Path, args: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(BINARY);
    command.arg("doctor").args(args).env_clear().current_dir(folder);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn a_laptop_with_nothing_is_ready_and_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for variables in [&[][..], &[("REACT_APP_QUEUE_URL", "sqlite:queue.db")]] {
        let (code, said) = doctor(folder.path(), &[], variables);
        assert_eq!(code, 0, "{said}");
        for wanted in ["every variable can be read", "SQLite", "Ready."] {
            assert!(said.contains(wanted), "{said}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    }
}

#[test]
fn mistakes_are_told_by_name_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    let [nobody] = free_ports();
    let database = format!("postgres://u:hunter2@127.0.0.1:{nobody}/d");
    let queue = format!("amqp://u:hunter2@127.0.0.1:{nobody}");
    let smtp = nobody.to_string();
    for (args, variables, wanted) in [
        (vec!["sender"], vec![("SMTP_HOST", "x"), ("SMTP_PORT", "many")], "SMTP_PORT: "),
        (vec!["frontend"], vec![("JWT_SECRET", "short")], "JWT_SECRET: is shorter"),
        (vec!["database-service"], vec![("DATABASE_URL", &*database)], "FAIL  database"),
        (vec!["queue-receiver"], vec![("QUEUE_URL", &*queue)], "is RabbitMQ there"),
        (
            vec!["sender"],
            vec![("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", &*smtp), ("SMTP_TLS", "none")],
            "FAIL  mail",
        ),
        // One part of a database's address means all of them.
        (vec![], vec![("DB_NAME", "people"), ("DB_PORT", &*smtp)], "FAIL  database"),
        (vec![], vec![("TLS_CERT_FILE", "nowhere.pem")], "TLS_KEY_FILE: is not set"),
        (
            vec![],
            vec![("TLS_CERT_FILE", "nowhere.pem"), ("TLS_KEY_FILE", "nowhere.pem")],
            "TLS_CERT_FILE: \"nowhere.pem\" cannot be used",
        ),
    ] {
        let mut all = vec![("JWT_SECRET", SECRET), ("QUEUE_URL", "sqlite:queue.db")];
        all.extend(&variables);
        let (code, said) = doctor(folder.path(), &args, &all);
        assert_eq!(code, 1, "{variables:?}: {said}");
        assert!(said.contains(wanted) && said.contains("mended first"), "{said}");
        assert!(!said.contains("hunter2") && !said.contains(SECRET), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_running_system_it_tells_who_answers_and_whether_tokens_fit() {
    let postgres = Postgres::start();
    let url = postgres.url(&postgres.create_database());
    let folder = tempfile::tempdir().unwrap();
    let variables = [("JWT_SECRET", SECRET), ("DATABASE_URL", &*url)];
    let (code, said) = doctor(folder.path(), &["database-service"], &variables);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("PostgreSQL") && said.contains("migrations)"), "{said}");

    let split = Split::start(BINARY, SplitSettings::on("sqlite:queue.db", &*url)).await;
    let (code, said) = doctor(folder.path(), &["database-service"], &variables);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("up to date"), "{said}");

    let server = MailServer::start();
    let (database, reports) =
        (split.url(Role::DatabaseService, ""), split.url(Role::ReportGenerator, ""));
    let port = server.port().to_string();
    let mut variables = vec![
        ("JWT_SECRET", SECRET),
        ("QUEUE_URL", "sqlite:queue.db"),
        ("DATABASE_SERVICE_URL", &*database),
        ("REPORT_GENERATOR_URL", &*reports),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &*port),
        ("SMTP_TLS", "none"),
    ];
    let (code, said) = doctor(folder.path(), &["sender"], &variables);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the mail server lets us in"), "{said}");
    assert_eq!(said.matches("answers and accepts our token").count(), 2, "{said}");

    variables[0].1 = "another secret, of thirty-two bytes";
    let (code, said) = doctor(folder.path(), &["sender"], &variables);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("JWT_SECRET must be the same there and here"), "{said}");
}
