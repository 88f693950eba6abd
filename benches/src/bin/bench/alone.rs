//! The Frontend by itself on an embedded queue: what intake costs when nothing else runs.

use std::path::Path;

use tempfile::TempDir;
use testkit::{Process, eventually, free_ports};
use tokio::net::TcpStream;

/// It ends when this is dropped.
pub(crate) struct Alone {
    process: Process,
    address: String,
    _folder: TempDir,
}

impl Alone {
    /// Starts one, and returns when it listens.
    pub(crate) async fn start(binary: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [port] = free_ports();
        let variables = [
            ("PORT", port.to_string()),
            ("BIND_ADDRESS", "127.0.0.1".into()),
            ("JWT_SECRET", "0123456789abcdef0123456789abcdef".into()),
            ("QUEUE_URL", "sqlite:queue.db".into()),
            ("RATE_LIMIT_PER_MINUTE", "0".into()),
        ];
        let log = folder.path().join("log.jsonl");
        let process = Process::start(binary, &["frontend"], &variables, &log);
        let address = format!("127.0.0.1:{port}");
        eventually("the Frontend listens", || async { TcpStream::connect(&address).await.ok() })
            .await;
        Self { process, address, _folder: folder }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}
