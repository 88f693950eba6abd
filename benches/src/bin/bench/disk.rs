//! What the disk can do, since durable means to wait for it.

use std::{
    io::{Seek, Write},
    time::Instant,
};

const BYTES: usize = 32 * 1024;
const SYNCS: usize = 200;

/// The median time that a write of 32 KiB takes to be on the disk, in milliseconds.
pub(crate) fn sync_millis() -> f64 {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(&vec![0; BYTES * SYNCS]).and_then(|()| file.sync_all()).expect("a written file");
    file.rewind().expect("a file");
    let block = vec![1; BYTES];
    let sync = |_| {
        let started = Instant::now();
        file.write_all(&block).and_then(|()| file.sync_data()).expect("a synced file");
        started.elapsed().as_secs_f64() * 1e3
    };
    crate::median((0..SYNCS).map(sync).collect())
}
