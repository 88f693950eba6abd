//! What one transaction does, and what its callers are told afterwards.

use std::{collections::HashSet, sync::Arc};

use rusqlite::{Connection, Result};
use tokio::runtime::Handle;

use super::{
    command::{Command, Delete, Lease, Publish, Register, Replay, Reply, Settle},
    dead_letters,
    hands::{Return, Taken},
    lease, owners,
    publish::{self, NewMessage, Numbers},
    settle,
    wake::Bells,
};
use crate::{QueueError, Verdict};

/// Nearly every message takes less.
const USUAL_BYTES: usize = 1024;

/// Commands sorted by kind, so that those of a kind share statements.
#[derive(Default)]
pub(super) struct Work {
    publishes: Vec<Publish>,
    registers: Vec<Register>,
    leases: Vec<Lease>,
    settles: Vec<Settle>,
    replays: Vec<Replay>,
    deletes: Vec<Delete>,
    probes: Vec<Reply<()>>,
    returns: Vec<Return>,
    /// Whether it is time to say that this process lives.
    heartbeat: bool,
}

/// What a transaction came to, told to the callers once it is committed.
#[derive(Default)]
pub(super) struct Results {
    registered: Vec<i64>,
    got: Vec<lease::Got>,
    replayed: Vec<Option<Arc<str>>>,
    deleted: Vec<bool>,
}

impl Work {
    pub(super) fn sort(commands: impl Iterator<Item = Command>, returns: Vec<Return>) -> Self {
        let mut work = Self { returns, ..Self::default() };
        for command in commands {
            match command {
                Command::Publish(c) => work.publishes.push(c),
                Command::Register(c) => work.registers.push(c),
                Command::Lease(c) => work.leases.push(c),
                Command::Settle(c) => work.settles.push(c),
                Command::Replay(c) => work.replays.push(c),
                Command::Delete(c) => work.deletes.push(c),
                Command::Probe(reply) => work.probes.push(reply),
                Command::TakeBack => {}
                Command::Heartbeat => work.heartbeat = true,
            }
        }
        work
    }

    pub(super) fn is_empty(&self) -> bool {
        self.publishes.is_empty() && !self.has_more_than_publishes()
    }

    /// How many wait for something to be durable.
    pub(super) fn publishers(&self) -> usize {
        self.publishes.len()
    }

    pub(super) fn has_more_than_publishes(&self) -> bool {
        !(self.registers.is_empty()
            && self.leases.is_empty()
            && self.settles.is_empty()
            && self.replays.is_empty()
            && self.deletes.is_empty()
            && self.probes.is_empty()
            && self.returns.is_empty())
    }

    /// How many rows it may change; a large one counts as several.
    pub(super) fn rows(&self) -> usize {
        let published: usize = self.messages().map(|m| 1 + m.size() / USUAL_BYTES).sum();
        let settled: usize = self.settles.iter().map(|s| s.verdicts.len()).sum();
        let leased: usize = self.leases.iter().map(|l| l.limit).sum();
        published + settled + leased + self.returns.len()
    }

    /// Whether there is nothing to do but to say that this process lives.
    pub(super) fn is_idle(&self) -> bool {
        self.heartbeat && self.is_empty()
    }

    /// Whether this process is to be made known: its time has come, or a consumer is registered, which
    /// is known only where its owner is.
    pub(super) fn wants_heartbeat(&self) -> bool {
        self.heartbeat || !self.registers.is_empty() || !self.probes.is_empty()
    }

    fn messages(&self) -> impl Iterator<Item = &NewMessage> {
        self.publishes.iter().flat_map(|publish| &publish.messages)
    }

    /// Publishes within the transaction that is open on `connection`.
    pub(super) fn publish(
        &self,
        connection: &Connection,
        numbers: &mut Numbers,
        now: i64,
    ) -> Result<()> {
        publish::insert(connection, numbers, self.messages(), now)
    }

    /// Does everything else. Leases come last, so that they meet what was just published or put back.
    pub(super) fn run(
        &self,
        connection: &Connection,
        numbers: &mut Numbers,
        owner: &str,
        now: i64,
    ) -> Result<Results> {
        let mut results = Results::default();
        for register in &self.registers {
            let queue = register.hands.queue();
            results.registered.push(owners::register(connection, owner, queue)?);
        }
        settle::settle(connection, &self.settles, now)?;
        settle::take_back(connection, &self.returns)?;
        for Replay { id, corrected, .. } in &self.replays {
            let queue = dead_letters::replay(connection, numbers, id, corrected.as_ref(), now)?;
            results.replayed.push(queue);
        }
        for Delete { id, .. } in &self.deletes {
            results.deleted.push(dead_letters::delete(connection, id)?);
        }
        results.got = lease::take(connection, &self.leases, owner, now)?;
        Ok(results)
    }

    /// Answers everybody, now that the transaction is committed, and wakes whom it concerns.
    pub(super) fn committed(self, results: Results, bells: &Bells, runtime: &Handle) {
        let mut ready = HashSet::new();
        for publish in &self.publishes {
            ready.extend(publish.messages.first().map(|m| m.queue.clone()));
        }
        // A task that is woken from another thread costs more than one that is woken from a task.
        let publishes = self.publishes;
        if !publishes.is_empty() {
            runtime.spawn(async {
                for publish in publishes {
                    let _ = publish.reply.send(Ok(()));
                }
            });
        }
        for (register, consumer) in self.registers.into_iter().zip(results.registered) {
            register.hands.registered_as(consumer);
            let _ = register.reply.send(Ok(()));
        }
        for settle in self.settles {
            if settle.verdicts.iter().any(|(_, verdict)| puts_back(verdict)) {
                ready.insert(settle.hands.queue().clone());
            }
            settle.hands.settled(settle.verdicts.iter().map(|(tag, _)| *tag));
            let _ = settle.reply.send(Ok(()));
        }
        ready.extend(self.returns.iter().map(|item| item.queue().clone()));
        for (replay, queue) in self.replays.into_iter().zip(results.replayed) {
            let _ = replay.reply.send(Ok(queue.is_some()));
            ready.extend(queue);
        }
        for (delete, deleted) in self.deletes.into_iter().zip(results.deleted) {
            let _ = delete.reply.send(Ok(deleted));
        }
        for probe in self.probes {
            let _ = probe.send(Ok(()));
        }
        for (lease, got) in self.leases.into_iter().zip(results.got) {
            let taken = got.map(|messages| Taken::new(lease.hands, lease.consumer, messages));
            // Who went away meanwhile drops what was taken for it, and so gives it back.
            let _ = lease.reply.send(Ok(taken));
        }
        for queue in ready {
            bells.ring(&queue);
        }
    }

    /// Tells everybody that nothing was done. Gives back what must be tried again.
    pub(super) fn failed(mut self, error: &QueueError) -> Vec<Return> {
        self.publishes_failed(error);
        self.registers.into_iter().for_each(|c| refuse(c.reply, error));
        self.leases.into_iter().for_each(|c| refuse(c.reply, error));
        self.settles.into_iter().for_each(|c| refuse(c.reply, error));
        self.replays.into_iter().for_each(|c| refuse(c.reply, error));
        self.deletes.into_iter().for_each(|c| refuse(c.reply, error));
        self.probes.into_iter().for_each(|reply| refuse(reply, error));
        self.returns
    }

    /// Tells the publishers alone; the rest may be tried without them.
    pub(super) fn publishes_failed(&mut self, error: &QueueError) {
        self.publishes.drain(..).for_each(|c| refuse(c.reply, error));
    }
}

/// Whether a message can be delivered again at once.
fn puts_back(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Release => true,
        Verdict::Retry { after, .. } | Verdict::Postpone { after } => after.is_zero(),
        Verdict::Ack | Verdict::DeadLetter { .. } => false,
    }
}

fn refuse<T>(reply: Reply<T>, error: &QueueError) {
    let _ = reply.send(Err(error.clone()));
}
