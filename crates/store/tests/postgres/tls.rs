//! `sslmode=verify-full`.

use std::sync::LazyLock;

use sqlx::Row;
use store::StoreError;
use tempfile::TempDir;
use testkit::{Authority, Postgres};

use crate::by_hand;

struct Server {
    authority: Authority,
    postgres: Postgres,
}

/// The server, as users with certificates know it. It ends with the process.
static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let authority = Authority::new();
    let postgres = Postgres::start_with_tls(&authority);
    Server { authority, postgres }
});

/// The address of the server under a name, checked against who is trusted.
struct Address {
    url: String,
    /// Holds the certificate of who is trusted.
    _folder: TempDir,
}

impl Address {
    async fn new(host: &'static str, trusted: Option<Authority>) -> Self {
        let address = move || {
            let folder = tempfile::tempdir().unwrap();
            let file = trusted.as_ref().unwrap_or(&SERVER.authority).write(folder.path());
            let (port, file) = (SERVER.postgres.port(), file.display());
            let parameters = format!("sslmode=verify-full&sslrootcert={file}");
            let url = format!("postgres://postgres@{host}:{port}/postgres?{parameters}");
            Self { url, _folder: folder }
        };
        tokio::task::spawn_blocking(address).await.unwrap()
    }

    async fn is_refused(&self) {
        let error = store::open(&self.url).await.unwrap().check().await.unwrap_err();
        let told = matches!(&error, StoreError::Unavailable(e) if e.contains("certificate"));
        assert!(told, "{error}");
    }
}

#[tokio::test]
async fn a_server_whose_certificate_is_trusted_is_worked_with() {
    let address = Address::new("localhost", None).await;
    store::open(&address.url).await.unwrap().check().await.unwrap();
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = sqlx::query(encrypted).fetch_one(&mut by_hand(&address.url).await).await.unwrap();
    assert!(row.get::<bool, _>(0));
}

#[tokio::test]
async fn one_that_a_stranger_vouches_for_is_not() {
    let address = Address::new("localhost", Some(Authority::new())).await;
    address.is_refused().await;
}

#[tokio::test]
async fn one_with_the_certificate_of_another_host_is_not() {
    let address = Address::new("127.0.0.1", None).await;
    address.is_refused().await;
}
