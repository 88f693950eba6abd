//! Publishing together: publishers that wait at the same time share messages and their confirms.
//!
//! A message costs broker and client much the same whatever is in it. So one round of messages is on its
//! way to a queue at a time; what comes meanwhile is the next round, and is packed where it is much, see
//! [`super::pack`]. A publisher that comes alone waits for nobody.

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
    pack::pack,
    publisher::{Publisher, Room, WINDOW},
};
use crate::{Message, QueueError};

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
    /// Whether a round is on its way.
    going: bool,
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
    /// Waits with the others; begins a round where none is on its way.
    fn join(self: &Arc<Self>, caller: Waiting, publisher: &Arc<Publisher>) {
        let mut state = self.state();
        state.waiting.push(caller);
        if !mem::replace(&mut state.going, true) {
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

    /// Whoever waits by now; with `None` the rounds are over. Who has given up is left out.
    fn next_round(&self) -> Option<Vec<Waiting>> {
        let mut state = self.state();
        let mut callers = mem::take(&mut state.waiting);
        callers.retain(|caller| !caller.reply.is_closed());
        if callers.is_empty() {
            state.going = false;
            return None;
        }
        Some(callers)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
