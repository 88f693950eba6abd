//! Publishing together: publishers that wait at the same time share messages and their confirms.
//!
//! A message costs broker and client much the same whatever is in it. So what comes while a round of messages
//! is on its way to a queue waits, and is the next round, packed where it is much, see [`super::pack`]. Only
//! what is enough to be packed does not wait, as long as fewer than [`ROUNDS`] rounds are on their way: while
//! one is being synced, the next are being written, and the processor has something to do. A publisher that
//! comes alone waits for nobody.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{
    error::silent,
    pack::{FEW, pack},
    publisher::{Publisher, Room, WINDOW},
};
use crate::{Message, QueueError};

/// Rounds that are on their way to a queue at one time, at the most.
const ROUNDS: usize = 4;

/// Publishes events for many callers at a time.
pub(super) struct Gatherer {
    publisher: Arc<Publisher>,
    queues: Mutex<HashMap<String, Arc<Gathering>>>,
}

/// What waits to go to one queue.
struct Gathering {
    queue: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    /// Rounds that are on their way.
    going: usize,
}

impl State {
    /// Whether those who wait may go while so many other rounds are on their way.
    fn may_go(&self, others: usize) -> bool {
        match others {
            0 => !self.waiting.is_empty(),
            1..ROUNDS => self.waiting.len() >= FEW,
            _ => false,
        }
    }
}

/// One caller.
struct Waiting {
    events: Vec<Message>,
    reply: oneshot::Sender<Result<(), QueueError>>,
    room: Room,
}

impl Gatherer {
    pub(super) fn new(publisher: Arc<Publisher>) -> Self {
        Self { publisher, queues: Mutex::default() }
    }

    /// Publishes events, and returns when the broker has confirmed all of them.
    pub(super) async fn publish(
        &self,
        queue: &str,
        mut events: Vec<Message>,
    ) -> Result<(), QueueError> {
        let deadline = self.publisher.deadline();
        let gathering = self.gathering(queue);
        while events.len() > WINDOW {
            let rest = events.split_off(WINDOW);
            let part = mem::replace(&mut events, rest);
            self.publish_part(&gathering, part, deadline).await?;
        }
        self.publish_part(&gathering, events, deadline).await
    }

    async fn publish_part(
        &self,
        gathering: &Arc<Gathering>,
        events: Vec<Message>,
        deadline: Instant,
    ) -> Result<(), QueueError> {
        let room = self.publisher.room(events.iter().map(|e| e.body.len()), deadline).await?;
        let (reply, answer) = oneshot::channel();
        gathering.join(Waiting { events, reply, room }, &self.publisher);
        let answer = timeout_at(deadline, answer).await.map_err(|_| silent("confirm"))?;
        answer.unwrap_or_else(|_| Err(QueueError::Unavailable("publishing was broken off".into())))
    }

    fn gathering(&self, queue: &str) -> Arc<Gathering> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gathering) = queues.get(queue) {
            return gathering.clone();
        }
        let gathering = Arc::new(Gathering { queue: queue.to_owned(), state: Mutex::default() });
        queues.insert(queue.to_owned(), gathering.clone());
        gathering
    }
}

impl Gathering {
    /// Waits with the others; begins a round where none is on its way, or many wait.
    fn join(self: &Arc<Self>, caller: Waiting, publisher: &Arc<Publisher>) {
        let mut state = self.state();
        state.waiting.push(caller);
        if state.may_go(state.going) {
            state.going += 1;
            tokio::spawn(self.clone().go_rounds(publisher.clone()));
        }
    }

    /// Sends what waits, in rounds, until nothing does. Each is a task of its own: one that panics breaks
    /// off its callers, and not all that come after it.
    async fn go_rounds(self: Arc<Self>, publisher: Arc<Publisher>) {
        while let Some(callers) = self.next_round() {
            let _ = tokio::spawn(self.clone().send(callers, publisher.clone())).await;
        }
    }

    async fn send(self: Arc<Self>, callers: Vec<Waiting>, publisher: Arc<Publisher>) {
        let (mut events, mut replies, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
        for Waiting { events: its, reply, room } in callers {
            events.extend(its);
            replies.push(reply);
            rooms.push(room);
        }
        let outgoing = pack(&self.queue, events);
        let sent = publisher.send(outgoing, rooms, publisher.deadline()).await;
        for reply in replies {
            let _ = reply.send(sent.clone());
        }
    }

    /// Whoever waits by now; with `None` the round that asks is the last. Who has given up is left out.
    fn next_round(&self) -> Option<Vec<Waiting>> {
        let mut state = self.state();
        state.waiting.retain(|caller| !caller.reply.is_closed());
        if !state.may_go(state.going - 1) {
            state.going -= 1;
            return None;
        }
        Some(mem::take(&mut state.waiting))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
