//! Ports that nobody uses.

use std::{
    collections::HashSet,
    net::{Ipv4Addr, TcpListener},
    sync::{LazyLock, Mutex},
};

/// Ports given out in this process: the system may name a port again once it is closed.
static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// As many different free ports on loopback as asked for.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let mut given = GIVEN.lock().expect("no test panics while it holds this lock");
    // Held open until all are found, so that they differ.
    let mut held = Vec::new();
    std::array::from_fn(|_| {
        loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = listener.local_addr().expect("a bound port").port();
            held.push(listener);
            if given.insert(port) {
                return port;
            }
        }
    })
}
