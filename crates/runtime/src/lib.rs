//! Process concerns that every service shares, and no business words.
//!
//! A service is put together like this:
//!
//! ```no_run
//! # use runtime::{Health, Service, ServiceTokens, Problem};
//! # use utoipa_axum::{router::OpenApiRouter, routes};
//! #[utoipa::path(get, path = "/things", responses((status = 200, body = String)))]
//! async fn things() -> Result<String, Problem> {
//!     Ok("none yet".into())
//! }
//!
//! # async fn run(listener: runtime::Listener, tokens: ServiceTokens, shutdown: tokio_util::sync::CancellationToken) -> std::io::Result<()> {
//! let service = Service { name: "thing-service", port: 8090, title: "Thing Service", description: "…" };
//! let health = Health::new().require("database", || async { Ok::<_, std::io::Error>(()) });
//! let protected = runtime::tokens::require(OpenApiRouter::new().routes(routes!(things)), &tokens, service.name);
//! let app = service.router(OpenApiRouter::new(), protected, health);
//! runtime::serve(listener, app, shutdown).await
//! # }
//! ```

pub mod config;
pub mod files;
pub mod health;
pub mod http;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
pub mod tokens;

pub use config::{ConfigError, Env, Secret};
pub use health::Health;
pub use http::{
    Listener, Service,
    client::ServiceClient,
    cursor::Cursor,
    extract::{Json, Path, Query},
    problem::Problem,
    serve,
};
pub use tls::{Identity, Trust};
pub use tokens::ServiceTokens;
