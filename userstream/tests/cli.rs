//! What the command line and the environment get wrong is told in one line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Arguments, variables, and what is said of them.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

fn refused(args: &[&str], variables: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(BINARY)
        .args(args)
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?} {variables:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    said
}

#[test]
fn an_invalid_or_missing_variable_is_named_with_an_example() {
    let embedded = ("QUEUE_URL", "sqlite:queue.db");
    let secret = ("JWT_SECRET", SECRET);
    let long = "x".repeat(1025);
    let cases: [Case<'_>; 14] = [
        (&["frontend"], &[], "JWT_SECRET: is not set"),
        (&["sender"], &[("JWT_SECRET", "short")], "JWT_SECRET: is shorter than 32 bytes"),
        (&["sender"], &[secret, embedded], "MAIL_OUTBOX_DIR: is not set"),
        (&["sender"], &[secret, ("MAIL_OUTBOX_DIR", "o"), ("SMTP_FROM", "nobody")], "SMTP_FROM: "),
        (&["frontend"], &[secret, ("PORT", "http")], "PORT: \"http\" cannot be used"),
        (&["frontend"], &[secret, ("PUBLIC_URL", "example.com")], "PUBLIC_URL: "),
        (&["frontend"], &[secret, ("TRUSTED_PROXIES", "all")], "TRUSTED_PROXIES: "),
        (&["frontend"], &[secret, ("ADMIN_EMAIL", "a@example.com")], "ADMIN_PASSWORD: is not set"),
        (
            &["frontend"],
            &[secret, ("ADMIN_EMAIL", "a@example.com"), ("ADMIN_PASSWORD", &long)],
            "ADMIN_PASSWORD: A password has at most 1024 bytes.",
        ),
        (&["up"], &[("BIND_ADDRESS", "203.0.113.1")], "BIND_ADDRESS: cannot listen on 203.0.113.1"),
        (&["queue-receiver"], &[secret, ("RETRY_DELAYS", "1 s")], "RETRY_DELAYS: "),
        (&["queue-receiver"], &[secret, ("QUEUE_URL", "nats://x")], "QUEUE_URL: "),
        (&["report-generator"], &[secret, ("CSV_DELIMITER", "::")], "CSV_DELIMITER: "),
        (&["up"], &[("LOG_LEVEL", "loud")], "LOG_LEVEL: "),
    ];
    for (args, variables, wanted) in cases {
        let said = refused(args, variables);
        assert!(said.starts_with("userstream: ") && said.contains(wanted), "{wanted}: {said}");
        assert!(said.contains("(example: "), "{said}");
    }
}

#[test]
fn a_secret_is_not_repeated_in_an_error() {
    let said = refused(&["sender"], &[("JWT_SECRET", "hunter2")]);
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn help_has_examples() {
    let output = Command::new(BINARY).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for wanted in ["Examples:", "up", "import", "report", "token", "frontend", "report-generator"] {
        assert!(help.contains(wanted), "{help}");
    }
}
