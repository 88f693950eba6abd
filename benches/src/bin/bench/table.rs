//! The figures: printed as they come, and written down at the end for whoever compares them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use chrono::Utc;
use serde::Serialize;

use crate::disk;

static FIGURES: Mutex<Vec<Figure>> = Mutex::new(Vec::new());

/// One line of the table.
#[derive(Clone, Serialize)]
struct Figure {
    what: String,
    value: String,
    /// What it must reach; `None` for a figure to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    must: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reached: Option<bool>,
}

/// What it was measured on.
#[derive(Serialize)]
pub(crate) struct Machine {
    cores: usize,
    processor: String,
    memory_mib: u64,
    kernel: String,
    /// Milliseconds that a sync of 32 KiB takes.
    disk_sync_millis: f64,
}

#[derive(Serialize)]
struct Table<'a> {
    measured_at: String,
    machine: &'a Machine,
    figures: Vec<Figure>,
}

impl Machine {
    /// The one that this runs on.
    pub(crate) fn here() -> Self {
        let value = |file: &str, key: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().trim_start_matches([' ', '\t', ':']).trim().to_owned()
        };
        let memory = value("/proc/meminfo", "MemTotal");
        let kib: u64 = memory.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: value("/proc/cpuinfo", "model name"),
            memory_mib: kib / 1024,
            kernel: value("/proc/sys/kernel/osrelease", ""),
            disk_sync_millis: (disk::sync_millis() * 10.0).round() / 10.0,
        }
    }

    /// Says what it is.
    pub(crate) fn show(&self) {
        let Self { cores, processor, memory_mib, kernel, disk_sync_millis } = self;
        println!("{processor}, {cores} cores (load generator included), {memory_mib} MiB");
        println!("Linux {kernel}; a sync of 32 KiB takes {disk_sync_millis} ms");
    }
}

/// A figure beside what it must reach; gives whether it does.
pub(crate) fn row(what: &str, figure: &str, must: &str, reached: bool) -> bool {
    println!("{what:<52} {figure:>12} {must:>10}  {}", if reached { "reached" } else { "MISSED" });
    keep(what, figure, Some((must, reached)));
    reached
}

/// A figure to look at, with no limit.
pub(crate) fn note(what: &str, figure: &str) -> bool {
    println!("{what:<52} {figure:>12}");
    keep(what, figure, None);
    true
}

fn keep(what: &str, figure: &str, limit: Option<(&str, bool)>) {
    FIGURES.lock().unwrap_or_else(PoisonError::into_inner).push(Figure {
        what: what.trim().to_owned(),
        value: figure.to_owned(),
        must: limit.map(|(must, _)| must.to_owned()),
        reached: limit.map(|(_, reached)| reached),
    });
}

/// Writes all figures into `bench.json` in a folder; gives its path.
pub(crate) fn write(folder: &Path, machine: &Machine) -> io::Result<PathBuf> {
    let figures = FIGURES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let table = Table { measured_at: Utc::now().to_rfc3339(), machine, figures };
    let path = folder.join("bench.json");
    fs::write(&path, serde_json::to_string_pretty(&table)? + "\n")?;
    Ok(path)
}
