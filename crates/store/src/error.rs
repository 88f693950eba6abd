//! Why a store could not answer.

/// A question that could not be answered. None of these is the fault of one item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database or the Database Service is away, busy or full; trying again may help.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store answered, but not as it should: a mistake in code, a schema or a deployment.
    #[error("the store failed: {0}")]
    Failed(String),
}
