//! Standard output as a place for log lines: a thread of its own writes them, many at a time, so that
//! no request waits for a line to be written, nor two for each other.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait. Whoever writes more waits for the reader of standard output, as without this.
const MOST_BYTES: usize = 1024 * 1024;
/// Lines that come within it share a write.
const GATHER: Duration = Duration::from_millis(2);

/// Takes log lines; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Shared>);

#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Rings for the thread that writes: there is something to do.
    work: Condvar,
    /// Rings for whoever waits for room, or for the end.
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Nobody writes lines out any more: what comes is lost.
    ended: bool,
}

impl Output {
    /// Begins to write to `target`.
    pub(super) fn start(target: impl Write + Send + 'static) -> (Self, LogGuard) {
        let output = Self::default();
        let shared = output.0.clone();
        let thread = thread::Builder::new().name("logs".into());
        // Without the thread the lines are lost, and that there is none is no reason not to run.
        let thread = thread.spawn(move || shared.run(target)).ok();
        output.0.state().ended = thread.is_none();
        let guard = LogGuard { shared: output.0.clone(), thread };
        (output, guard)
    }
}

/// Writes out what is left when dropped. A process keeps it until its end.
#[must_use]
pub(super) struct LogGuard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes until the end.
    fn run(&self, mut target: impl Write) {
        let mut lines = Vec::new();
        loop {
            let state = self.state();
            let idle = |s: &mut State| s.waiting.is_empty() && !s.ended;
            let mut state =
                self.work.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut state.waiting, &mut lines);
            let ended = state.ended;
            drop(state);
            self.written.notify_all();
            // Where nobody reads there is nobody to tell.
            let _ = target.write_all(&lines).and_then(|()| target.flush());
            lines.clear();
            if ended {
                return;
            }
            thread::sleep(GATHER);
        }
    }
}

impl Write for &Shared {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let full = |s: &mut State| s.waiting.len() >= MOST_BYTES && !s.ended;
        let state = self.written.wait_while(self.state(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.ended {
            return Ok(line.len());
        }
        let first = state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        drop(state);
        if first {
            self.work.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = &'a Shared;

    fn make_writer(&'a self) -> Self::Writer {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts writes, and keeps what was written.
    #[derive(Clone, Default)]
    struct Target(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Write for Target {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut target = self.0.lock().unwrap();
            target.0 += 1;
            target.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_whole_and_many_share_a_write() {
        const THREADS: usize = 4;
        const LINES: usize = 5_000;
        let target = Target::default();
        let (output, guard) = Output::start(target.clone());
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let output = &output;
                scope.spawn(move || {
                    for line in 0..LINES {
                        let line = format!("{thread} {line:>200}\n");
                        output.make_writer().write_all(line.as_bytes()).unwrap();
                    }
                });
            }
        });
        drop(guard);
        let (writes, text) = &*target.0.lock().unwrap();
        let text = std::str::from_utf8(text).unwrap();
        for thread in 0..THREADS {
            let lines = text.lines().filter_map(|l| l.strip_prefix(&format!("{thread} ")));
            let numbers: Vec<usize> = lines.map(|l| l.trim().parse().unwrap()).collect();
            assert_eq!(numbers, (0..LINES).collect::<Vec<_>>(), "of thread {thread}");
        }
        assert!(*writes < THREADS * LINES / 10, "{writes} writes");
    }

    #[test]
    fn where_nobody_writes_lines_out_they_are_lost_and_nobody_waits() {
        let output = Output::default();
        output.0.state().ended = true;
        for _ in 0..3 {
            output.make_writer().write_all(&vec![b'x'; MOST_BYTES]).unwrap();
        }
        assert!(output.0.state().waiting.is_empty());
    }

    #[test]
    fn a_line_does_not_wait_for_the_next() {
        let target = Target::default();
        let (output, _guard) = Output::start(target.clone());
        output.make_writer().write_all(b"one\n").unwrap();
        let started = std::time::Instant::now();
        while target.0.lock().unwrap().1 != b"one\n" {
            assert!(started.elapsed() < Duration::from_secs(30), "the line was not written");
            thread::sleep(Duration::from_millis(1));
        }
    }
}
