//! One process under test.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::privacy;

/// A running program; ended when dropped. Then its log must hold no password, token, secret or e-mail
/// address, or the test fails.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
    secrets: Vec<String>,
}

impl Process {
    /// Starts a program with exactly these variables. Its output is added to `log`.
    pub fn start(program: &Path, args: &[&str], variables: &[(&str, String)], log: &Path) -> Self {
        let open = || File::options().append(true).create(true).open(log).expect("a log file");
        writeln!(open(), "--- {} {args:?}", program.display()).expect("a writable log");
        let child = Command::new(program)
            .args(args)
            .env_clear()
            .envs(variables.iter().map(|(k, v)| (k, v)))
            .current_dir(log.parent().expect("a log in a folder"))
            .stdin(Stdio::null())
            .stdout(open())
            .stderr(open())
            .spawn()
            .expect("the program starts; is it built?");
        Self { child, log: log.to_owned(), secrets: privacy::secrets(variables) }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it at once, as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(sent.success(), "the process was gone before it was asked to stop");
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours") {
                return status;
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "it does not stop: {}",
                self.output()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// All it said so far.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if !std::thread::panicking()
            && let Some((what, line)) = privacy::breach(&self.output(), &self.secrets)
        {
            panic!("the log holds {what}: {line}");
        }
    }
}
