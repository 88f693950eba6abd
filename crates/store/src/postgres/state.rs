//! Whether the database was reached yet, and why not.

use tokio::sync::watch;

use crate::StoreError;

/// What the task that connects has to say.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// The first attempt is under way.
    Connecting,
    /// Connected, and the schema is up to date.
    Ready,
    /// The last attempt failed; another follows.
    Away(StoreError),
}

/// The state as the store's calls see it. The task ends with the last of these.
#[derive(Clone, Debug)]
pub(super) struct Connected(watch::Receiver<State>);

impl Connected {
    pub(super) fn new() -> (watch::Sender<State>, Self) {
        let (told, seen) = watch::channel(State::Connecting);
        (told, Self(seen))
    }

    /// Waits for the first attempt to end, but for no later one.
    pub(super) async fn first_result(&self) -> Result<(), StoreError> {
        if matches!(*self.0.borrow(), State::Ready) {
            return Ok(());
        }
        let mut seen = self.0.clone();
        let state = seen.wait_for(|state| !matches!(state, State::Connecting)).await;
        match state.as_deref() {
            Ok(State::Ready) => Ok(()),
            Ok(State::Away(error)) => Err(error.clone()),
            Ok(State::Connecting) | Err(_) => {
                Err(StoreError::Unavailable("the store is being closed".into()))
            }
        }
    }
}

/// To a call it is an outage that the database was not reached yet, whatever is at fault: it is tried
/// again until a person has mended it.
pub(super) fn as_outage(error: StoreError) -> StoreError {
    let (StoreError::Unavailable(why) | StoreError::Failed(why)) = error;
    StoreError::Unavailable(format!("not connected to the database yet: {why}"))
}
