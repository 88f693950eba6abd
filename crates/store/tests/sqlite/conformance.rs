//! The suite that every backend passes.

use std::sync::Arc;

use store::{SqliteStore, Store};
use tempfile::TempDir;

async fn open() -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("userstream.db")).await.unwrap();
    (Arc::new(store), folder)
}

store::store_conformance!(open);
