//! For tests only: the system and the servers it needs as real processes, each on its own folder and
//! free ports.
//!
//! Everything listens on loopback, and ends with the value that started it. A failure here is a
//! failure of the test, so these functions panic rather than return errors.

#![expect(clippy::missing_panics_doc, reason = "every function here panics when the test fails")]

mod api;
mod authority;
mod client;
mod guard;
mod load;
mod mail_server;
pub mod memory;
mod ports;
mod postgres;
mod privacy;
mod process;
mod proxy;
mod rabbitmq;
mod role;
mod split;
mod system;
mod wait;

pub use api::Console;
pub use authority::{Authority, Certificate};
pub use client::{http_client, http_client_builder, http_client_trusting};
pub use load::Load;
pub use mail_server::{
    MailBehaviour, MailServer, MailServerSettings, MailStep, MailTls, TakenMail,
};
pub use ports::free_ports;
pub use postgres::Postgres;
pub use process::Process;
pub use proxy::Proxy;
pub use rabbitmq::RabbitMq;
pub use role::Role;
pub use split::{Split, SplitSettings};
pub use system::{Ports, System};
pub use wait::{eventually, eventually_within};
