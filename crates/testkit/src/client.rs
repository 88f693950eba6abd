//! HTTP clients of tests.

use reqwest::{Certificate, Client, ClientBuilder};

/// A client for plain HTTP and whoever the system trusts.
pub fn http_client() -> Client {
    http_client_builder().build().expect("an HTTP client")
}

/// A client that trusts one authority (PEM) and nobody else.
pub fn http_client_trusting(authority: &str) -> Client {
    let certificate = Certificate::from_pem(authority.as_bytes()).expect("a certificate");
    http_client_builder().tls_certs_only([certificate]).build().expect("an HTTP client")
}

/// For a client that differs.
pub fn http_client_builder() -> ClientBuilder {
    // The first of a process; later ones find it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}
