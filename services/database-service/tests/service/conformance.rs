//! The store's conformance suite, through the service's HTTP calls and their client, with either database
//! behind it.

mod sqlite {
    use std::sync::Arc;

    use store::Store;

    use crate::server::Server;

    async fn open() -> (Arc<dyn Store>, Server) {
        let server = Server::start().await;
        (Arc::new(server.store()), server)
    }

    store::store_conformance!(open);
}

mod postgres {
    use std::sync::Arc;

    use store::Store;

    use crate::server::Server;

    async fn open() -> (Arc<dyn Store>, Server) {
        let server = Server::on_postgres().await;
        (Arc::new(server.store()), server)
    }

    store::store_conformance!(open);
}
