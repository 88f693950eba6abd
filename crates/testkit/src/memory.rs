//! What a process has in memory, as Linux counts it; not a number when it has ended.

/// Resident now, in MiB.
pub fn resident_mib(process: u32) -> f64 {
    status(process, "VmRSS:")
}

/// Resident at its most, in MiB.
pub fn peak_mib(process: u32) -> f64 {
    status(process, "VmHWM:")
}

fn status(process: u32, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(field)).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
    kib / 1024.0
}

/// Resident now in all processes that run a program, in MiB.
pub fn resident_mib_of(program: &str) -> f64 {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|process| {
            let name = std::fs::read_to_string(format!("/proc/{process}/comm"));
            name.is_ok_and(|name| name.trim_end() == program)
        })
        .map(resident_mib)
        .sum()
}
