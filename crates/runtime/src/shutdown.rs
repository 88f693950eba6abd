//! Stopping in two steps: the first signal asks, the second insists.

use std::{future::Future, io, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How long a process may take to finish what is in hand.
pub const GRACE: Duration = Duration::from_secs(20);

/// A token that SIGTERM or SIGINT cancels. A second signal ends the process at once, with the exit
/// code that a shell gives to a process ended by SIGINT.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let asked = token.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        next().await;
        info!("stopping: finishing what is in hand; a second signal ends at once");
        asked.cancel();
        next().await;
        warn!("stopped at once by a second signal");
        std::process::exit(130);
    });
    Ok(token)
}

/// Waits for work to end, but after the shutdown was asked for no longer than [`GRACE`]. `None` when
/// it had to be cut off.
pub async fn within_grace<T>(
    shutdown: &CancellationToken,
    work: impl Future<Output = T>,
) -> Option<T> {
    let deadline = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = work => Some(result),
        () = deadline => {
            warn!(seconds = GRACE.as_secs(), "still busy after the time to stop; ending");
            None
        }
    }
}
