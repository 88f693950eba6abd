//! Measurements for `/metrics`: what the code counts, and what is asked for when somebody looks.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

/// Upper bounds of histogram buckets, in seconds: from a fast answer to a slow report.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

static METRICS: OnceLock<Metrics> = OnceLock::new();

struct Metrics {
    counted: PrometheusHandle,
    process: Collector,
    folders: Mutex<BTreeMap<&'static str, PathBuf>>,
}

fn metrics() -> &'static Metrics {
    METRICS.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("there are buckets");
        let recorder = builder.build_recorder();
        let counted = recorder.handle();
        // Another recorder can only be there in a test that set its own.
        let _ = metrics::set_global_recorder(recorder);
        Metrics { counted, process: Collector::default(), folders: Mutex::default() }
    })
}

/// Starts collecting measurements. Repeating is harmless.
pub fn init_metrics() {
    metrics();
}

/// Shows under this name how much room there is where this file or folder lies.
pub fn watch_disk(name: &'static str, path: &Path) {
    let mut folders = metrics().folders.lock().unwrap_or_else(PoisonError::into_inner);
    folders.insert(name, path.to_owned());
}

/// What was measured so far, in the Prometheus text format.
pub(crate) fn render() -> String {
    let Some(metrics) = METRICS.get() else { return String::new() };
    metrics.process.collect();
    let version = env!("CARGO_PKG_VERSION");
    metrics::gauge!("userstream_build_info", "version" => version).set(1.0);
    let folders = metrics.folders.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (folder, path) in folders {
        // One that is not there now has nothing to tell.
        if let Some((free, size)) = room(&path) {
            metrics::gauge!("userstream_disk_free_bytes", "folder" => folder).set(free);
            metrics::gauge!("userstream_disk_size_bytes", "folder" => folder).set(size);
        }
    }
    metrics.counted.run_upkeep();
    metrics.counted.render()
}

/// The bytes that are free for us, and all there are, where a file or folder lies or would lie.
pub fn room(path: &Path) -> Option<(f64, f64)> {
    let there = path.ancestors().find(|path| path.exists()).filter(|p| p.as_os_str() != "");
    let stat = rustix::fs::statvfs(there.unwrap_or(Path::new("."))).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a disk's size to one part in 10^15 will do")]
    let bytes = |blocks: u64| blocks as f64 * stat.f_frsize as f64;
    Some((bytes(stat.f_bavail), bytes(stat.f_blocks)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_where_a_file_will_be() {
        let (free, size) = room(Path::new("not/there/yet.db")).unwrap();
        assert!(free > 0.0 && free <= size);
    }
}
