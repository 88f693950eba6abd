//! PostgreSQL on a folder and a port of its own.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{Authority, Certificate, free_ports};

/// Ends the server and removes its folder when this process has ended, however it did: the standard
/// input is a pipe whose other end this process alone holds. A `static` is never dropped.
const WATCHDOG: &str = r#"
    trap '' INT TERM HUP
    cat >/dev/null
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) || pid=
    if [ -n "$pid" ]; then
        kill -QUIT "$pid" 2>/dev/null
        for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    fi
    rm -rf "$1""#;

/// Who may log in how: `locked` with its password, everybody else without.
const LOGINS: &str =
    "host all locked all scram-sha-256\nhost all all all trust\nlocal all all trust\n";

/// A running server, whose commits are synced as in earnest. It listens on loopback, its superuser is
/// `postgres`, and it stops when this is dropped or the process ends.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    port: u16,
    watchdog: Child,
    certificate: Option<Certificate>,
    dir: TempDir,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts a server on a new folder. `scripts/install-test-tools` installs the programs.
    pub fn start() -> Self {
        Self::launch(None)
    }

    /// The same with a certificate that names it `localhost`; takes connections by TLS and without.
    pub fn start_with_tls(authority: &Authority) -> Self {
        Self::launch(Some(authority))
    }

    fn launch(authority: Option<&Authority>) -> Self {
        let programs = programs();
        let dir = tempfile::tempdir().expect("a temporary folder");
        let [port] = free_ports();
        let certificate = authority.map(|authority| authority.issue("localhost", dir.path()));
        if is_root() {
            // The server refuses to run as root.
            run(Command::new("chown").args(["-R", "postgres"]).arg(dir.path()));
        }
        let data = dir.path().join("data");
        run(as_postgres(&programs.join("initdb"), dir.path()).arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "--no-locale",
            "-E",
            "UTF8",
        ]));
        fs::write(data.join("pg_hba.conf"), LOGINS).expect("a writable folder");
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let databases = AtomicU32::new(0);
        let server = Self { programs, port, watchdog, certificate, dir, databases };
        server.start_again();
        server
    }

    /// One server for all tests of this process.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts it again on the same folder and port, and waits until it answers.
    pub fn start_again(&self) {
        let mut options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200",
            self.port
        );
        if let Some(Certificate { certificate, key }) = &self.certificate {
            options.extend([" -c ssl=on -c ssl_cert_file=", &certificate.to_string_lossy()]);
            options.extend([" -c ssl_key_file=", &key.to_string_lossy()]);
        }
        let log = self.dir.path().join("log");
        let mut start = self.pg_ctl();
        start.arg("-l").arg(&log).arg("-o").arg(options).arg("start");
        assert!(succeeds(&mut start), "{}", fs::read_to_string(log).unwrap_or_default());
    }

    /// Stops it as an administrator does: who is connected is cut off.
    pub fn stop(&self) {
        run(self.pg_ctl().args(["-m", "fast", "stop"]));
    }

    /// Ends all its processes at once, as a power cut would (SIGKILL).
    pub fn kill(&self) {
        let file = self.dir.path().join("data/postmaster.pid");
        let text = fs::read_to_string(&file).expect("the server runs");
        let server: u32 = text.lines().next().and_then(|l| l.parse().ok()).expect("a process id");
        // First held still, so that it neither starts another one nor notices that one has ended.
        run(Command::new("kill").args(["-STOP", &server.to_string()]));
        let processes: Vec<u32> = [server].into_iter().chain(children(server)).collect();
        let ids = processes.iter().map(ToString::to_string);
        // One may have ended by itself meanwhile.
        let _ = Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status();
        let started = Instant::now();
        while processes.iter().any(|id| runs(*id)) {
            assert!(started.elapsed() < Duration::from_secs(30), "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        // Where nobody collects orphans, the process id in it stays taken.
        fs::remove_file(file).expect("a file of the server");
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database, and returns its name.
    pub fn create_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        run(self.client("createdb").arg(&name));
        name
    }

    /// Runs statements in one transaction.
    pub fn execute(&self, database: &str, statements: &str) {
        let mut psql = self.client("psql");
        run(psql.args(["-v", "ON_ERROR_STOP=1", "-1", "-d", database, "-c", statements]));
    }

    /// Writes a database to a file with `pg_dump`, while it is in use.
    pub fn dump(&self, database: &str, file: &Path) {
        let mut dump = self.client("pg_dump");
        run(dump.args(["-Fc", "-d", database, "-f"]).arg(file));
    }

    /// Reads it back with `pg_restore`, in place of what is there.
    pub fn restore(&self, database: &str, file: &Path) {
        let mut restore = self.client("pg_restore");
        run(restore.args(["--clean", "--if-exists", "-d", database]).arg(file));
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(["-h", "127.0.0.1", "-U", "postgres", "-p"]).arg(self.port.to_string());
        command
    }

    fn pg_ctl(&self) -> Command {
        let mut command = as_postgres(&self.programs.join("pg_ctl"), self.dir.path());
        command.arg("-D").arg(self.dir.path().join("data")).arg("-w");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Closes its standard input, and waits until the server is gone.
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// The folder of the newest version's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .max_by_key(|bin| bin.parent().and_then(|v| v.file_name()?.to_str()?.parse::<u32>().ok()))
        .expect("PostgreSQL is not installed: run scripts/install-test-tools")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").expect("this runs on Linux").uid() == 0
}

/// A program that is run by who may run it, in a folder that this one may enter.
fn as_postgres(program: &Path, dir: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(dir);
    command
}

/// Runs a command to its end. Its output goes nowhere: a server that it leaves behind would hold a pipe.
fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn run(command: &mut Command) {
    assert!(succeeds(command), "failed: {command:?}");
}

/// The state and the parent of a process.
fn stat(id: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name before it may hold anything.
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether a process has not ended; a zombie has.
fn runs(id: u32) -> bool {
    stat(id).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("this runs on Linux").flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| stat(*id).is_some_and(|(_, p)| p == parent)).collect()
}
