//! A panic is a log line like any other.

use std::panic::PanicHookInfo;

use tracing::error;

/// Sends panics to the log instead of standard error.
pub(super) fn log_panics() {
    std::panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let cause = info.payload_as_str().unwrap_or("unknown");
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        error!(cause, location, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::Value;

    use crate::config::Env;

    /// What the child process runs: a log is the whole process's.
    #[test]
    #[ignore = "the other test starts it"]
    fn child() {
        let env = Env::from_values([("LOG_FORMAT", "json")]);
        let telemetry = crate::telemetry::start(&env, "test").unwrap();
        let panicked = std::thread::spawn(|| panic!("two\nlines")).join();
        assert!(panicked.is_err());
        drop(telemetry);
    }

    #[test]
    fn a_panic_is_one_line_of_json() {
        let child = concat!(module_path!(), "::child");
        let child = child.split_once("::").unwrap().1;
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command.args(["--exact", child, "--ignored", "--nocapture"]).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{told}");
        let lines: Vec<_> = told.lines().filter(|line| line.starts_with('{')).collect();
        assert_eq!(lines.len(), 1, "{told}");
        let line: Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!((&line["level"], &line["service"]), (&"error".into(), &"test".into()));
        assert_eq!((&line["message"], &line["cause"]), (&"panicked".into(), &"two\nlines".into()));
        assert!(line["location"].as_str().unwrap().contains("panics.rs:"), "{line}");
        assert!(line["timestamp"].is_string(), "{line}");
        let elsewhere = String::from_utf8(output.stderr).unwrap();
        assert!(!elsewhere.contains("panicked"), "{elsewhere}");
    }
}
