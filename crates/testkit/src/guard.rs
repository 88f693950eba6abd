//! What ends with the test, however the test ends.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

/// A shell that waits for this process to be gone, and then ends a group of processes and removes a
/// folder. Statics are never dropped, and a test may be killed: this holds for both.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Guards the process group `group` and the folder.
    pub(crate) fn new(group: u32, folder: &Path) -> Self {
        let script = "cat >/dev/null; kill -KILL -$1 2>/dev/null; sleep 0.2; rm -rf \"$2\"";
        // Its standard input is a pipe from us: `cat` ends when we do.
        let child = Command::new("setsid")
            .args(["sh", "-c", script, "guard", &group.to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        Self(child)
    }

    /// What it guards has ended by itself.
    pub(crate) fn release(mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
