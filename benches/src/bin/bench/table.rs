//! The figures: printed as they come, and written down at the end for whoever compares them.

use std::{
    fs, io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use chrono::Utc;
use serde::Serialize;

use crate::{disk, median, plot};

static FIGURES: Mutex<Vec<Figure>> = Mutex::new(Vec::new());

/// One line of the table: the median of what rounds gave.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) value: f64,
    /// The lowest and the highest of the rounds.
    pub(crate) range: (f64, f64),
    unit: Unit,
    /// What it must reach; `None` for a figure to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) must: Option<Bound>,
    /// What we aim for beyond that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aim: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reached: Option<bool>,
    /// The absolute figures behind a ratio.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Ratio,
    Seconds,
    Milliseconds,
    Mebibytes,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    /// So many times its limit or peer, taken by turns in one round each.
    pub(crate) fn ratio(what: &'static str, rounds: Vec<f64>) -> Self {
        Self::new(what, rounds, Unit::Ratio)
    }

    pub(crate) fn seconds(what: &'static str, rounds: Vec<f64>) -> Self {
        Self::new(what, rounds, Unit::Seconds)
    }

    pub(crate) fn millis(what: &'static str, rounds: Vec<f64>) -> Self {
        Self::new(what, rounds, Unit::Milliseconds)
    }

    pub(crate) fn mib(what: &'static str, value: f64) -> Self {
        Self::new(what, vec![value], Unit::Mebibytes)
    }

    fn new(what: &'static str, rounds: Vec<f64>, unit: Unit) -> Self {
        let lowest = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self {
            what,
            value: median(rounds),
            range: (lowest, highest),
            unit,
            must: None,
            aim: None,
            reached: None,
            detail: String::new(),
        }
    }

    pub(crate) fn at_least(self, must: f64) -> Self {
        Self { must: Some(Bound::AtLeast(must)), ..self }
    }

    pub(crate) fn at_most(self, must: f64) -> Self {
        Self { must: Some(Bound::AtMost(must)), ..self }
    }

    pub(crate) fn aim(self, aim: f64) -> Self {
        Self { aim: Some(aim), ..self }
    }

    pub(crate) fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Prints it and keeps it; `false` where it misses what it must reach.
    pub(crate) fn show(mut self) -> bool {
        self.reached = self.must.map(|must| must.holds(self.value));
        let verdict = match self.reached {
            None => "",
            Some(true) => "reached",
            Some(false) => "MISSED",
        };
        let Self { what, detail, .. } = &self;
        let figure = self.text(self.value);
        println!("{what:<50} {figure:>9} {:>10} {verdict:<8} {detail}", self.must_text());
        let reached = self.reached.unwrap_or(true);
        FIGURES.lock().unwrap_or_else(PoisonError::into_inner).push(self);
        reached
    }

    fn text(&self, value: f64) -> String {
        match self.unit {
            Unit::Ratio => format!("{value:.2}"),
            Unit::Seconds => format!("{value:.2} s"),
            Unit::Milliseconds => format!("{value:.1} ms"),
            Unit::Mebibytes => format!("{value:.0} MiB"),
        }
    }

    fn must_text(&self) -> String {
        match self.must {
            None => String::new(),
            Some(Bound::AtLeast(must)) => format!(">= {}", self.text(must)),
            Some(Bound::AtMost(must)) => format!("<= {}", self.text(must)),
        }
    }

    /// As a line of a table in Markdown.
    fn markdown(&self) -> String {
        let Self { what, detail, range: (lowest, highest), .. } = self;
        let range = if (highest - lowest).abs() < f64::EPSILON {
            String::new()
        } else {
            format!("{} to {}", self.text(*lowest), self.text(*highest))
        };
        let verdict = match self.reached {
            None => "",
            Some(true) => "reached",
            Some(false) => "**missed**",
        };
        let aim = self.aim.map_or_else(String::new, |aim| self.text(aim));
        let must = self.must_text().replace(">=", "≥").replace("<=", "≤");
        let value = self.text(self.value);
        format!("| {what} | **{value}** | {range} | {must} | {aim} | {verdict} | {detail} |\n")
    }
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(must) => value >= must,
            Self::AtMost(must) => value <= must,
        }
    }

    /// How many times as good as it must be: below 1 is missed.
    pub(crate) fn margin(self, value: f64) -> f64 {
        match self {
            Self::AtLeast(must) => value / must,
            Self::AtMost(must) => must / value,
        }
    }
}

/// The line above the figures.
pub(crate) fn heading() {
    println!("{:<50} {:>9} {:>10}", "what", "median", "must");
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
    pub(crate) fn text(&self) -> String {
        let Self { cores, processor, memory_mib, kernel, disk_sync_millis } = self;
        format!(
            "{processor}, {cores} cores (load generator and servers included), {memory_mib} MiB, Linux {kernel}; \
             a sync of 32 KiB takes {disk_sync_millis} ms"
        )
    }
}

#[derive(Serialize)]
struct Table<'a> {
    measured_at: String,
    machine: &'a Machine,
    figures: &'a [Figure],
}

/// Writes all figures into a folder, as JSON, as a table in Markdown and as a picture.
pub(crate) fn write(folder: &Path, machine: &Machine) -> io::Result<()> {
    let figures = FIGURES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let table = Table { measured_at: Utc::now().to_rfc3339(), machine, figures: &figures };
    fs::write(folder.join("bench.json"), serde_json::to_string_pretty(&table)? + "\n")?;
    let mut text = format!("{}.\n\n", machine.text());
    text +=
        "| what | median | rounds | must | aim | | behind it |\n|---|---|---|---|---|---|---|\n";
    text.extend(figures.iter().map(Figure::markdown));
    fs::write(folder.join("bench.md"), text)?;
    fs::write(folder.join("bench.svg"), plot::margins(&figures)?)
}
