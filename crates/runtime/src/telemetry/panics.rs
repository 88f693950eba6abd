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
