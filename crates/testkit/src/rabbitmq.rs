//! A RabbitMQ of the test's own: folder, ports, node name.

use std::{
    fs,
    net::TcpStream,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use crate::{Authority, free_ports, guard::Guard};

const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// Virtual hosts that are there from the start, one for each test: to make one later takes a second.
const VIRTUAL_HOSTS: usize = 64;
/// How long a node may take to start on a busy machine.
const START: Duration = Duration::from_mins(5);

/// One node, or the first of a cluster.
#[derive(Debug)]
pub struct RabbitMq {
    nodes: Vec<Node>,
    vhosts_given: AtomicUsize,
    /// Signed for the nodes, as `localhost`.
    authority: Authority,
    /// Knows the ports of the nodes. Whoever starts without finding one would leave a daemon behind.
    _names: Running,
    dir: TempDir,
}

#[derive(Debug)]
struct Node {
    name: String,
    port: u16,
    tls_port: u16,
    dist_port: u16,
    epmd_port: u16,
    folder: PathBuf,
    running: Option<Running>,
}

/// A group of processes.
#[derive(Debug)]
struct Running {
    child: Child,
    guard: Option<Guard>,
}

impl RabbitMq {
    /// Starts a node and waits until it takes connections.
    pub fn start() -> Self {
        Self::start_cluster(1)
    }

    /// Starts so many nodes that know each other.
    pub fn start_cluster(size: usize) -> Self {
        assert!(Path::new(SERVER).exists(), "RabbitMQ is missing: scripts/install-test-tools");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let [epmd_port] = free_ports();
        let unique = std::process::id();
        let authority = Authority::new();
        let names: Vec<_> = (0..size).map(|n| format!("us{unique}x{epmd_port}n{n}")).collect();
        let node = |name: &String| {
            let [port, tls_port, dist_port] = free_ports();
            let folder = dir.path().join(name);
            Node { name: name.clone(), port, tls_port, dist_port, epmd_port, folder, running: None }
        };
        let mut nodes: Vec<_> = names.iter().map(node).collect();
        let mut epmd = Command::new("epmd");
        epmd.args(["-port", &epmd_port.to_string(), "-address", "127.0.0.1"]);
        let names_server = Running::start(epmd.stdin(Stdio::null()), dir.path());
        // The others find the first one there: nodes that start together look for each other for long.
        for node in &mut nodes {
            node.prepare(&names, &authority);
            node.launch();
            node.wait();
        }
        Self { nodes, vhosts_given: AtomicUsize::new(0), authority, _names: names_server, dir }
    }

    /// An address of the node, with a virtual host that nobody else has; of a cluster all addresses.
    pub fn fresh_url(&self) -> String {
        self.url(&self.fresh_vhost())
    }

    fn fresh_vhost(&self) -> String {
        let n = self.vhosts_given.fetch_add(1, Ordering::Relaxed);
        assert!(n < VIRTUAL_HOSTS, "more tests than virtual hosts");
        format!("t{n}")
    }

    /// The addresses of all nodes, with commas between.
    pub fn url(&self, vhost: &str) -> String {
        let url = |node: &Node| format!("amqp://guest:guest@127.0.0.1:{}/{vhost}", node.port);
        self.nodes.iter().map(url).collect::<Vec<_>>().join(",")
    }

    /// The address of the first node by TLS, under the name that its certificate is for or another.
    pub fn fresh_tls_url(&self, host: &str) -> String {
        let vhost = self.fresh_vhost();
        format!("amqps://guest:guest@{host}:{}/{vhost}", self.nodes[0].tls_port)
    }

    /// Who signed the certificates of the nodes.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The port of a node.
    pub fn port(&self, node: usize) -> u16 {
        self.nodes[node].port
    }

    /// Ends a node at once, as a power cut would (SIGKILL).
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a node again on the same folder and ports, and waits for it.
    pub fn start_again(&mut self, node: usize) {
        self.nodes[node].launch();
        self.nodes[node].wait();
    }

    /// What a node says to a command of `rabbitmqctl`.
    pub fn ctl(&self, node: usize, args: &[&str]) -> String {
        let node = &self.nodes[node];
        let output = node
            .command("/usr/lib/rabbitmq/bin/rabbitmqctl")
            .args(["--quiet", "--node", &format!("{}@localhost", node.name)])
            .args(args)
            .output()
            .expect("rabbitmqctl runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Where the nodes keep their logs.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }
}

impl Node {
    fn prepare(&self, names: &[String], authority: &Authority) {
        for folder in ["home", "mnesia", "log"] {
            fs::create_dir_all(self.folder.join(folder)).expect("a folder");
        }
        let cookie = self.folder.join("home/.erlang.cookie");
        fs::write(&cookie, "userstreamtests").expect("a cookie");
        fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400)).expect("a private cookie");
        fs::write(self.folder.join("enabled_plugins"), "[].").expect("a file");
        let trusted = authority.write(&self.folder);
        let files = authority.issue("localhost", &self.folder);
        let mut config = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nlisteners.ssl.1 = 127.0.0.1:{}\n\
             ssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
             disk_free_limit.absolute = 50MB\nlog.file.level = warning\n",
            self.port,
            self.tls_port,
            trusted.display(),
            files.certificate.display(),
            files.key.display(),
        );
        // Whoever joins gets them from the first.
        if names[0] == self.name {
            let file = self.folder.join("definitions.json");
            fs::write(&file, definitions()).expect("a file");
            config.extend(["load_definitions = ", &file.to_string_lossy(), "\n"]);
        }
        if names.len() > 1 {
            config += "cluster_formation.peer_discovery_backend = classic_config\n";
            for (n, name) in names.iter().enumerate() {
                let n = n + 1;
                let key = format!("cluster_formation.classic_config.nodes.{n}");
                config.extend([key.as_str(), " = ", name, "@localhost\n"]);
            }
        }
        fs::write(self.folder.join("rabbitmq.conf"), config).expect("a file");
    }

    fn command(&self, program: &str) -> Command {
        let at = |name: &str| self.folder.join(name);
        let mut command = Command::new(program);
        command
            .env("HOME", at("home"))
            .env("RABBITMQ_NODENAME", format!("{}@localhost", self.name))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.dist_port.to_string())
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", at("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins"))
            .env("RABBITMQ_PID_FILE", at("pid"))
            // Not into the folder of whoever runs the tests.
            .env("ERL_CRASH_DUMP", at("erl_crash.dump"))
            // Threads that have nothing to do shall not look busy: the machine is shared.
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
            )
            .stdin(Stdio::null());
        command
    }

    fn launch(&mut self) {
        let log = fs::File::options().append(true).create(true).open(self.folder.join("output"));
        let log = log.expect("a log file");
        let mut command = self.command(SERVER);
        command.stdout(log.try_clone().expect("a file")).stderr(log);
        self.running = Some(Running::start(&mut command, &self.folder));
    }

    /// Waits until it speaks AMQP: the port is open a little earlier.
    fn wait(&mut self) {
        let started = Instant::now();
        while !self.answers() {
            let running = self.running.as_mut().expect("it was launched");
            let ended = running.child.try_wait().expect("the child is ours");
            assert!(ended.is_none(), "RabbitMQ ended: {}", self.output());
            assert!(started.elapsed() < START, "RabbitMQ does not start: {}", self.output());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn answers(&self) -> bool {
        use std::io::{Read, Write};
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        let mut first = [0; 1];
        stream.write_all(b"AMQP\0\0\x09\x01").is_ok() && stream.read_exact(&mut first).is_ok()
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }

    fn kill(&mut self) {
        self.running = None;
    }
}

impl Running {
    /// Starts a program in a process group of its own.
    fn start(command: &mut Command, folder: &Path) -> Self {
        let child = command.process_group(0).spawn().expect("it is installed");
        let guard = Some(Guard::new(child.id(), folder));
        Self { child, guard }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
        if let Some(guard) = self.guard.take() {
            guard.release();
        }
    }
}

/// Who may log in, and the virtual hosts.
fn definitions() -> String {
    let names: Vec<_> = std::iter::once("/".to_owned())
        .chain((0..VIRTUAL_HOSTS).map(|n| format!("t{n}")))
        .collect();
    let permission = |vhost| json!({"user": "guest", "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"});
    json!({
        "users": [{"name": "guest", "password": "guest", "tags": "administrator"}],
        "vhosts": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
        "permissions": names.iter().map(permission).collect::<Vec<_>>(),
    })
    .to_string()
}
