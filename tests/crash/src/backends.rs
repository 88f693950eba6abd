//! What the services run on.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use testkit::{Postgres, Proxy, RabbitMq, SplitSettings};

use crate::plan::{Ground, Line, Trouble};

/// How late each piece comes on a slow line.
const LATE: Duration = Duration::from_millis(150);

/// The servers behind the services, if they have any; each behind a proxy.
pub struct Backends(Option<Servers>);

struct Servers {
    postgres: Postgres,
    rabbit: RabbitMq,
    to_postgres: Proxy,
    /// One for each node.
    to_rabbit: Vec<Proxy>,
    /// The virtual host of this round.
    vhost: String,
}

impl Backends {
    /// Files, and nothing to start.
    pub fn embedded() -> Self {
        Self(None)
    }

    /// PostgreSQL, and RabbitMQ of so many nodes.
    pub fn servers(nodes: usize) -> Self {
        let (postgres, rabbit) = (Postgres::start(), RabbitMq::start_cluster(nodes));
        let to_postgres = Proxy::start([postgres.port()]);
        let to_rabbit = (0..nodes).map(|node| Proxy::start([rabbit.port(node)])).collect();
        Self(Some(Servers { postgres, rabbit, to_postgres, to_rabbit, vhost: String::new() }))
    }

    pub(crate) fn ground(&self) -> Ground {
        if self.0.is_some() { Ground::Servers } else { Ground::Embedded }
    }

    /// A queue and a database that nobody has used.
    pub(crate) fn fresh(&mut self) -> SplitSettings {
        let Some(servers) = &mut self.0 else { return SplitSettings::embedded() };
        let Servers { postgres, rabbit, to_postgres, to_rabbit, vhost } = servers;
        let mut queue = rabbit.fresh_url();
        queue.rsplit('/').next().expect("the URL ends with it").clone_into(vhost);
        for (node, proxy) in to_rabbit.iter().enumerate() {
            let (direct, by_proxy) = (rabbit.port(node), proxy.port());
            queue = queue.replace(&format!(":{direct}/"), &format!(":{by_proxy}/"));
        }
        let database = postgres.url(&postgres.create_database());
        let (direct, by_proxy) = (postgres.port(), to_postgres.port());
        let database = database.replace(&format!(":{direct}/"), &format!(":{by_proxy}/"));
        SplitSettings::on(queue, database)
    }

    pub(crate) fn stop_database(&self) {
        self.expect().postgres.stop();
    }

    pub(crate) fn kill_database(&self) {
        self.expect().postgres.kill();
    }

    pub(crate) fn start_database(&self) {
        self.expect().postgres.start_again();
    }

    /// Kills the node that leads the queue of registrations, and says which it was.
    pub(crate) fn kill_broker(&mut self) -> usize {
        let servers = self.0.as_mut().expect("there are servers");
        let nodes = servers.to_rabbit.len();
        let node = if nodes == 1 { 0 } else { servers.leader() };
        servers.rabbit.kill(node);
        node
    }

    pub(crate) fn start_broker(&mut self, node: usize) {
        self.0.as_mut().expect("there are servers").rabbit.start_again(node);
    }

    /// Makes trouble on the line to a server.
    pub(crate) fn hinder(&self, line: Line, trouble: Option<Trouble>) {
        let servers = self.expect();
        match line {
            Line::Database => hinder(&servers.to_postgres, trouble),
            Line::Broker => servers.to_rabbit.iter().for_each(|proxy| hinder(proxy, trouble)),
            Line::DatabaseService => {}
        }
    }

    /// What RabbitMQ says of its queues that are not empty.
    pub(crate) fn depths(&self) -> String {
        let Some(servers) = &self.0 else { return String::new() };
        let columns = ["name", "messages_ready", "messages_unacknowledged", "consumers"];
        let args = [&["list_queues", "--vhost", &servers.vhost][..], &columns].concat();
        let queues = servers.rabbit.ctl(0, &args);
        queues.lines().filter(|line| !line.contains("\t0\t0\t")).collect::<Vec<_>>().join("; ")
    }

    /// Copies what RabbitMQ logged into a folder.
    pub(crate) fn copy_logs(&self, to: &Path) {
        let Some(servers) = &self.0 else { return };
        for (node, log) in logs(servers.rabbit.folder()).into_iter().enumerate() {
            // A log that cannot be copied is no reason to hide why it was wanted.
            let _ = fs::copy(log, to.join(format!("rabbitmq-{node}.log")));
        }
    }

    fn expect(&self) -> &Servers {
        self.0.as_ref().expect("there are servers")
    }
}

impl Servers {
    /// The number of the node that leads `user.registration`.
    fn leader(&self) -> usize {
        let args = ["list_queues", "--vhost", &self.vhost, "name", "leader"];
        let queues = self.rabbit.ctl(0, &args);
        let line = queues.lines().find(|line| line.starts_with("user.registration\t"));
        let name = line.and_then(|line| line.split('\t').nth(1)).unwrap_or_default();
        // NAMEnN@localhost
        let number = name.split('@').next().and_then(|name| name.rsplit('n').next());
        let number = number.and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("no leader of user.registration in {queues:?}"))
    }
}

/// Lets a proxy make trouble, or none.
pub(crate) fn hinder(proxy: &Proxy, trouble: Option<Trouble>) {
    match trouble {
        None => proxy.restore(),
        Some(Trouble::Cut) => proxy.cut(),
        Some(Trouble::Delay) => proxy.delay(LATE),
        Some(Trouble::Stall) => proxy.stall(),
    }
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let nodes = fs::read_dir(folder).into_iter().flatten().flatten().map(|node| node.path());
    let mut logs: Vec<_> = nodes
        .flat_map(|node| fs::read_dir(node.join("log")).into_iter().flatten().flatten())
        .map(|log| log.path())
        .filter(|log| log.extension().is_some_and(|e| e == "log"))
        .collect();
    logs.sort();
    logs
}
