//! RabbitMQ: the public suite, and what is particular to a broker.

#![cfg(feature = "rabbitmq")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::{Arc, LazyLock};

use queue::{Queue, RabbitQueue, RabbitSettings, conformance::Subject};
use testkit::RabbitMq;

/// One node for all tests; each has a virtual host of its own.
static BROKER: LazyLock<RabbitMq> = LazyLock::new(RabbitMq::start);

struct Broker {
    url: String,
}

impl Subject for Broker {
    async fn fresh() -> Self {
        Self { url: BROKER.fresh_url() }
    }

    async fn open(&self) -> Arc<dyn Queue> {
        let queues = ["conformance", "conformance.other"].map(Into::into).to_vec();
        let settings = RabbitSettings { queues, ..RabbitSettings::default() };
        Arc::new(RabbitQueue::new(&self.url, settings).unwrap())
    }
}

queue::conformance_suite!(Broker);

mod death;
mod particular;
mod tls;
