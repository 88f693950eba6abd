//! The system in the middle of a round, and what is done to it.

use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};
use testkit::{Console, Role, Split};

use crate::{
    backends::{self, Backends},
    load::Load,
    plan::{Blow, Line},
};

/// How long a canary may take before the wait is given up. A recovery must take far less.
const GIVE_UP: Duration = Duration::from_mins(2);
/// How long something stays broken: mostly short, at times longer than any publish waits.
const BROKEN_MS: [u64; 5] = [300, 800, 1_500, 3_000, 7_000];

pub(crate) struct Scene<'a> {
    pub(crate) split: &'a mut Split,
    pub(crate) backends: &'a mut Backends,
    pub(crate) load: &'a Load,
    pub(crate) console: &'a Console,
    pub(crate) rng: Rng,
    /// The reports that were accepted.
    pub(crate) reports: Vec<String>,
    /// SIGKILLs to senders: each may leave e-mails that were delivered but not recorded.
    pub(crate) senders_killed: usize,
}

/// What puts things right again.
enum Mend {
    Restart(Role, Vec<usize>),
    Leave(Role, usize),
    StartDatabase,
    StartBroker(usize),
    Restore(Line),
    Nothing,
}

impl Scene<'_> {
    /// Strikes, waits, mends, and measures how long it takes until a registration goes all the way.
    pub(crate) async fn step(&mut self, blows: &[Blow]) -> Result<Duration, String> {
        let mut mends = Vec::new();
        for blow in blows {
            mends.push(self.strike(*blow).await);
        }
        let broken = BROKEN_MS[self.rng.usize(..BROKEN_MS.len())];
        tokio::time::sleep(Duration::from_millis(broken)).await;
        for mend in mends {
            self.mend(mend);
        }
        let mended = Instant::now();
        match tokio::time::timeout(GIVE_UP, self.canary()).await {
            Ok(()) => Ok(mended.elapsed()),
            Err(_) => Err(format!("nothing went all the way for {} s", GIVE_UP.as_secs())),
        }
    }

    async fn strike(&mut self, blow: Blow) -> Mend {
        match blow {
            Blow::Kill(role) => {
                let copies = self.up(role);
                let copies: Vec<_> = self.rng.choice(copies).into_iter().collect();
                self.kill(role, copies)
            }
            Blow::KillAll(role) => {
                let copies = self.up(role);
                self.kill(role, copies)
            }
            Blow::Stop(role) => {
                let copies = self.up(role);
                let Some(copy) = self.rng.choice(copies) else { return Mend::Nothing };
                // Before that it has no ear for signals.
                self.split.live(role, copy).await;
                self.split.stop(role, copy);
                Mend::Restart(role, vec![copy])
            }
            Blow::Visit(role) => {
                let copy = self.split.add(role);
                self.split.live(role, copy).await;
                self.tell_load();
                Mend::Leave(role, copy)
            }
            Blow::StopDatabase => {
                self.backends.stop_database();
                Mend::StartDatabase
            }
            Blow::KillDatabase => {
                self.backends.kill_database();
                Mend::StartDatabase
            }
            Blow::KillBroker => Mend::StartBroker(self.backends.kill_broker()),
            Blow::Hinder(line, trouble) => {
                self.hinder(line, Some(trouble));
                Mend::Restore(line)
            }
            Blow::Report => {
                self.ask_for_report().await;
                Mend::Nothing
            }
        }
    }

    fn mend(&mut self, mend: Mend) {
        match mend {
            Mend::Restart(role, copies) => {
                for copy in copies {
                    self.split.restart(role, copy);
                }
            }
            Mend::Leave(role, copy) => {
                self.split.stop(role, copy);
                self.split.remove(role, copy);
                self.tell_load();
            }
            Mend::StartDatabase => self.backends.start_database(),
            Mend::StartBroker(node) => self.backends.start_broker(node),
            Mend::Restore(line) => self.hinder(line, None),
            Mend::Nothing => {}
        }
    }

    fn up(&self, role: Role) -> Vec<usize> {
        let copies = self.split.numbers(role).into_iter();
        copies.filter(|copy| self.split.is_up(role, *copy)).collect()
    }

    fn kill(&mut self, role: Role, copies: Vec<usize>) -> Mend {
        for copy in &copies {
            self.split.kill(role, *copy);
        }
        if role == Role::Sender {
            self.senders_killed += copies.len();
        }
        Mend::Restart(role, copies)
    }

    fn hinder(&self, line: Line, trouble: Option<crate::plan::Trouble>) {
        match line {
            Line::DatabaseService => {
                backends::hinder(self.split.proxy(Role::DatabaseService), trouble);
            }
            Line::Database | Line::Broker => self.backends.hinder(line, trouble),
        }
    }

    fn tell_load(&self) {
        self.load.set_frontends(self.split.ports(Role::Frontend).collect());
    }

    /// Registers somebody new, and waits for the row and the e-mail.
    pub(crate) async fn canary(&self) {
        let id = self.load.canary().await;
        let url = self.split.url(Role::Frontend, &format!("/api/registrations/{id}"));
        loop {
            // Unanswered calls end, so that one connection that fell silent is not waited for.
            let call = self.split.http().get(&url).timeout(Duration::from_secs(3)).send();
            if let Ok(answer) = call.await
                && let Ok(status) = answer.json::<Value>().await
                && status["status"] == "email_sent"
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A report that is accepted must be made; one that is not is nobody's concern.
    async fn ask_for_report(&mut self) {
        let name = format!("round at {}", self.reports.len());
        let call = self.console.call(reqwest::Method::POST, "/reports");
        let call = call.json(&json!({"format": "csv", "report_name": name}));
        if let Ok(answer) = call.timeout(Duration::from_secs(10)).send().await
            && answer.status() == 202
            && let Ok(report) = answer.json::<Value>().await
        {
            self.reports.extend(report["report_id"].as_str().map(Into::into));
        }
    }
}
