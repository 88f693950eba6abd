//! Making a file: under a temporary name until it is complete.

pub(crate) mod csv;
mod folder;

pub(crate) use folder::Folder;

use store::StoreError;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerateError {
    /// The rows did not come; they will another time.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder is full or cannot be written to; repeating does not mend it.
    #[error("{0}")]
    Folder(String),
}
