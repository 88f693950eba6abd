//! What the broker and the client of it say, in the words of [`QueueError`].

use lapin::{
    Error, ErrorKind,
    protocol::{AMQPErrorKind, AMQPSoftError},
};

use crate::QueueError;

#[expect(clippy::needless_pass_by_value, reason = "it is the end of a `map_err`")]
pub(super) fn unavailable(error: Error) -> QueueError {
    QueueError::Unavailable(format!("RabbitMQ: {error}"))
}

pub(super) fn silent(what: &str) -> QueueError {
    QueueError::Unavailable(format!("RabbitMQ did not {what} in time"))
}

/// The named thing is not there.
pub(super) fn is_not_found(error: &Error) -> bool {
    is_soft(error, &AMQPSoftError::NOTFOUND)
}

/// It is there, or asked for, with arguments that do not fit.
pub(super) fn is_unfit(error: &Error) -> bool {
    is_soft(error, &AMQPSoftError::PRECONDITIONFAILED)
}

/// Another connection has it for itself.
pub(super) fn is_locked(error: &Error) -> bool {
    is_soft(error, &AMQPSoftError::RESOURCELOCKED)
}

fn is_soft(error: &Error, wanted: &AMQPSoftError) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Soft(kind) if kind == wanted)
}
