//! Measurements for `/metrics`: what the code counts, and what is asked for when somebody looks.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

/// Upper bounds of histogram buckets, in seconds: from a fast answer to a slow report.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// How often what was measured is counted into its buckets.
const UPKEEP: Duration = Duration::from_secs(1);

static METRICS: OnceLock<Metrics> = OnceLock::new();

struct Metrics {
    counted: Arc<Counted>,
    process: Collector,
    folders: Mutex<BTreeMap<&'static str, PathBuf>>,
}

/// What was measured. It is locked for as long as measurements are on their way into their buckets, where
/// nobody would see them.
struct Counted(Mutex<PrometheusHandle>);

impl Counted {
    fn handle(&self) -> MutexGuard<'_, PrometheusHandle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts measurements into their buckets again and again, for as long as the process runs: until then
    /// each takes memory, and nobody may ever look.
    fn keep_up(self: Arc<Self>, every: Duration) {
        let thread = thread::Builder::new().name("measurements".into());
        let started = thread.spawn(move || {
            loop {
                thread::sleep(every);
                self.handle().run_upkeep();
            }
        });
        if let Err(error) = started {
            tracing::warn!(%error, "measurements take memory until somebody asks for them");
        }
    }
}

fn metrics() -> &'static Metrics {
    METRICS.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("there are buckets");
        let recorder = builder.build_recorder();
        let counted = Arc::new(Counted(Mutex::new(recorder.handle())));
        counted.clone().keep_up(UPKEEP);
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
    metrics.counted.handle().render()
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

    #[cfg(target_os = "linux")]
    #[test]
    fn what_nobody_looks_at_takes_no_memory() {
        const SAMPLES: usize = 20_000_000;
        let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS).unwrap().build_recorder();
        let counted = Arc::new(Counted(Mutex::new(recorder.handle())));
        counted.clone().keep_up(Duration::from_millis(10));
        let before = resident_mib();
        metrics::with_local_recorder(&recorder, || {
            let samples = metrics::histogram!("samples");
            (0..SAMPLES).for_each(|_| samples.record(0.5));
        });
        let grown = resident_mib().saturating_sub(before);
        assert!(grown < 64, "{grown} MiB for {SAMPLES} samples");
        let shown = counted.handle().render();
        let count = shown.lines().find_map(|line| line.strip_prefix("samples_count ")).unwrap();
        let count: usize = count.parse().unwrap();
        // The library may miss one that comes at the moment it counts.
        assert!((SAMPLES - 1_000..=SAMPLES).contains(&count), "{count}");
    }

    #[cfg(target_os = "linux")]
    fn resident_mib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let kib = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
        kib.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
    }

    #[test]
    fn there_is_room_where_a_file_will_be() {
        let (free, size) = room(Path::new("not/there/yet.db")).unwrap();
        assert!(free > 0.0 && free <= size);
    }
}
