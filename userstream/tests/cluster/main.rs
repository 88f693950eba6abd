//! The split system on RabbitMQ and PostgreSQL: what happens when one of them is away, a message is
//! garbage, or a service is stopped in the middle of its work.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod garbage;
mod messages;
mod outages;
mod retries;
mod senders;
mod servers;
mod sharing;
