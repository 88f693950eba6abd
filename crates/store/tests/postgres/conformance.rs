//! The suite that every backend passes.

use std::sync::Arc;

use store::Store;

async fn open() -> (Arc<dyn Store>, ()) {
    (Arc::new(crate::open(&crate::database().await).await), ())
}

store::store_conformance!(open);
