//! Where the time goes while something is measured: what each program takes of the processor, as Linux
//! counts it, and, where `perf` is installed and may look, which of its functions.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde::Serialize;

/// Samples a second: enough for a round of seconds, too few to be felt.
const SAMPLES: &str = "299";
/// Functions that are told of.
const LINES: usize = 40;
/// One tick of the processor's time in `/proc`.
const TICK: Duration = Duration::from_millis(10);

/// One that is being taken.
pub(crate) struct Profile<'a> {
    folder: &'a Path,
    name: &'static str,
    started: Instant,
    before: BTreeMap<u32, (String, Taken)>,
    perf: Option<Child>,
}

/// What one program took, in ticks.
#[derive(Clone, Copy, Default)]
struct Taken {
    itself: u64,
    kernel: u64,
}

/// What one program took, in microseconds for each unit of work.
#[derive(Clone, Debug, Serialize)]
struct Share {
    program: String,
    itself: f64,
    kernel: f64,
}

impl<'a> Profile<'a> {
    /// Begins one, to be written into a folder.
    pub(crate) fn start(folder: &'a Path, name: &'static str) -> Self {
        let perf = Command::new("perf")
            .args(["record", "--all-cpus", "--freq", SAMPLES, "--output"])
            .arg(folder.join(format!("{name}.perf")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok();
        Self { folder, name, started: Instant::now(), before: taken(), perf }
    }

    /// Ends it after so many units of work, and says what one cost.
    pub(crate) fn end(self, units: f64, unit: &str) {
        let Self { folder, name, started, before, perf } = self;
        let seconds = started.elapsed().as_secs_f64();
        let mut shares = BTreeMap::<String, Taken>::new();
        for (process, (program, now)) in taken() {
            let then = before.get(&process).map(|(_, then)| *then).unwrap_or_default();
            let share = shares.entry(program).or_default();
            share.itself += now.itself.saturating_sub(then.itself);
            share.kernel += now.kernel.saturating_sub(then.kernel);
        }
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        let micros = |ticks: u64| ticks as f64 * TICK.as_secs_f64() * 1e6 / units;
        let mut shares: Vec<_> = shares
            .into_iter()
            .map(|(program, taken)| Share {
                program,
                itself: micros(taken.itself),
                kernel: micros(taken.kernel),
            })
            .collect();
        shares.sort_by(|a, b| (b.itself + b.kernel).total_cmp(&(a.itself + a.kernel)));
        #[expect(clippy::cast_precision_loss, reason = "cores")]
        let cores = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
        let had = seconds * cores * 1e6 / units;
        let used: f64 = shares.iter().map(|share| share.itself + share.kernel).sum();
        shares.retain(|share| share.itself + share.kernel >= used / 50.0);

        let idle = ((had - used) / had * 100.0).clamp(0.0, 100.0);
        let mut text = format!("{name}: processor time for each {unit}, {idle:.0} % idle\n");
        for Share { program, itself, kernel } in &shares {
            let _ =
                writeln!(text, "  {program:<28} {itself:8.1} µs, in the kernel {kernel:8.1} µs");
        }
        print!("{}", indented(&text));
        if let Some(functions) = perf.and_then(|perf| functions(perf, folder, name)) {
            text += "\n";
            text += &functions;
        }
        if let Err(error) = fs::write(folder.join(format!("{name}.txt")), text) {
            eprintln!("the profile of {name} could not be written down: {error}");
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |all, line| all + "    " + line + "\n")
}

/// What every process took so far. A service is known by its name, any other by its program.
fn taken() -> BTreeMap<u32, (String, Taken)> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name may hold anything: what follows its last bracket are numbers.
            let (head, fields) = stat.rsplit_once(") ")?;
            let (_, name) = head.split_once('(')?;
            let fields: Vec<_> = fields.split(' ').collect();
            let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok());
            let taken = Taken { itself: ticks(11)?, kernel: ticks(12)? };
            let words = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            let name = match (name, words.split('\0').nth(1)) {
                (_, None) => "Linux itself",
                ("userstream", Some(service)) => service,
                ("bench", _) => "the load generator",
                ("beam.smp", _) => "RabbitMQ",
                ("postgres", _) => "PostgreSQL",
                (name, _) => name,
            };
            Some((process, (name.to_owned(), taken)))
        })
        .collect()
}

/// The threads and functions that `perf` has seen most, or `None` where it was not allowed to look.
fn functions(mut perf: Child, folder: &Path, name: &str) -> Option<String> {
    let file = folder.join(format!("{name}.perf"));
    let _ = Command::new("kill").args(["-INT", &perf.id().to_string()]).status();
    perf.wait().ok()?;
    let told = format!(
        "Samples by thread:\n\n{}\nand by function, [k] those of the kernel:\n\n{}",
        report(&file, "comm")?,
        report(&file, "comm,symbol")?
    );
    let _ = fs::remove_file(file);
    Some(told)
}

/// What `perf` tells when it sorts by `keys`: each line a share, a thread, and a function.
fn report(file: &Path, keys: &str) -> Option<String> {
    let output = Command::new("perf")
        .args(["report", "--stdio", "--no-children", "--percent-limit", "0.2"])
        .args(["--sort", keys, "--input"])
        .arg(file)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let told: String = lines
        .map(words)
        .filter(|words| words.len() > 1)
        .take(LINES)
        .map(|words| format!("{:>7}  {:<18} {}", words[0], words[1], words[2..].join(" ")))
        .map(|line| line.trim_end_matches([' ', '-']).to_owned() + "\n")
        .collect();
    (!told.is_empty()).then_some(told)
}

/// Makes sure that `perf` may be asked: its absence is told once, not for each figure.
pub(crate) fn tell_if_missing() {
    let ok = Command::new("perf")
        .args(["record", "--all-cpus", "--output=/dev/null", "--", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !ok {
        println!(
            "perf is not installed or may not look: profiles tell of programs only, not of functions"
        );
    }
}
