//! A TCP proxy on loopback that gets in the way when told to.

use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// A stable address in front of ports that come and go. Each connection goes to the next of them that
/// takes it. It runs on a thread of its own, so that a test that blocks does not hold it up.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    mode: watch::Sender<Mode>,
    listening: Mutex<bool>,
    listening_changed: Condvar,
    targets: Mutex<Vec<u16>>,
    next: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    Delay(Duration),
    Stall,
    Cut,
    Ended,
}

impl Mode {
    fn is_closed(&self) -> bool {
        matches!(self, Self::Cut | Self::Ended)
    }
}

impl Proxy {
    /// Listens on a port of its own and passes on to `targets`, ports on loopback.
    pub fn start(targets: impl IntoIterator<Item = u16>) -> Self {
        let shared = Arc::new(Shared {
            mode: watch::Sender::new(Mode::Pass),
            listening: Mutex::new(false),
            listening_changed: Condvar::new(),
            targets: Mutex::new(targets.into_iter().collect()),
            next: AtomicUsize::new(0),
        });
        let (told, port) = mpsc::channel();
        std::thread::spawn({
            let shared = shared.clone();
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(serve(&shared, &told));
            }
        });
        let port = port.recv().expect("the proxy listens");
        Self { port, shared }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Passes new connections on to these ports; those that are open stay with theirs.
    pub fn set_targets(&self, targets: impl IntoIterator<Item = u16>) {
        *lock(&self.shared.targets) = targets.into_iter().collect();
    }

    /// Closes all connections and refuses new ones from the moment it returns.
    pub fn cut(&self) {
        self.shared.switch(Mode::Cut);
    }

    /// Holds up what passes by so much, in both directions, piece by piece.
    pub fn delay(&self, by: Duration) {
        self.shared.switch(Mode::Delay(by));
    }

    /// Takes connections but passes nothing on, as a network does that swallows packets.
    pub fn stall(&self) {
        self.shared.switch(Mode::Stall);
    }

    /// Gets out of the way. What was held up goes on.
    pub fn restore(&self) {
        self.shared.switch(Mode::Pass);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.mode.send_replace(Mode::Ended);
    }
}

impl Shared {
    /// Changes the mode and waits until the port is open or closed as it says.
    fn switch(&self, mode: Mode) {
        self.mode.send_replace(mode);
        let mut listening = lock(&self.listening);
        // Whoever changed it again meanwhile does the waiting.
        while *listening == mode.is_closed() && *self.mode.borrow() == mode {
            let changed =
                self.listening_changed.wait_timeout(listening, Duration::from_millis(100));
            listening = changed.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn set_listening(&self, listening: bool) {
        *lock(&self.listening) = listening;
        self.listening_changed.notify_all();
    }

    /// A connection to the next target that takes one.
    async fn connect(&self) -> Option<TcpStream> {
        let mut targets = lock(&self.targets).clone();
        if targets.is_empty() {
            return None;
        }
        let first = self.next.fetch_add(1, Ordering::Relaxed) % targets.len();
        targets.rotate_left(first);
        for target in targets {
            if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await {
                return Some(stream);
            }
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(shared: &Arc<Shared>, told: &mpsc::Sender<u16>) {
    // Bound but not listening: keeps the port ours while nobody may connect to it.
    let held = bind(0).expect("a free port");
    let port = held.local_addr().expect("a bound port").port();
    let mut mode = shared.mode.subscribe();
    loop {
        let listener = listen(port).expect("the port is held for us");
        shared.set_listening(true);
        // Only the first time somebody waits for it.
        let _ = told.send(port);
        loop {
            tokio::select! {
                Ok((client, _)) = listener.accept() => drop(tokio::spawn(carry(client, shared.clone()))),
                _ = mode.wait_for(Mode::is_closed) => break,
            }
        }
        drop(listener);
        shared.set_listening(false);
        if matches!(mode.wait_for(|m| *m != Mode::Cut).await.as_deref(), Ok(Mode::Ended) | Err(_)) {
            return;
        }
    }
}

fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

fn listen(port: u16) -> io::Result<TcpListener> {
    bind(port)?.listen(1024)
}

/// One connection, to its end.
async fn carry(client: TcpStream, shared: Arc<Shared>) {
    let mut closed = shared.mode.subscribe();
    let work = async {
        pause(&mut shared.mode.subscribe()).await;
        let Some(server) = shared.connect().await else { return Ok(()) };
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ((from_client, to_client), (from_server, to_server)) =
            (client.into_split(), server.into_split());
        let there = pump(from_client, to_server, shared.mode.subscribe());
        let back = pump(from_server, to_client, shared.mode.subscribe());
        tokio::try_join!(there, back).map(drop)
    };
    tokio::select! {
        // An error of one end is told to the other by the end of the connection.
        _ = work => {}
        _ = closed.wait_for(Mode::is_closed) => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut mode: watch::Receiver<Mode>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        pause(&mut mode).await;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}

/// Waits as long as the mode asks for.
async fn pause(mode: &mut watch::Receiver<Mode>) {
    let mode = mode.wait_for(|m| *m != Mode::Stall).await.map(|m| *m);
    if let Ok(Mode::Delay(by)) = mode {
        tokio::time::sleep(by).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read, Write},
        net::{TcpListener, TcpStream},
        thread,
    };

    use super::*;

    /// A server that says its name to whoever comes, then echoes.
    fn server(name: u8) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    stream.write_all(&[name]).unwrap();
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
                });
            }
        });
        port
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    fn next(stream: &mut TcpStream) -> io::Result<u8> {
        let mut byte = [0];
        stream.read_exact(&mut byte).map(|()| byte[0])
    }

    #[test]
    fn connections_go_round_and_past_who_refuses() {
        let [nobody] = crate::free_ports();
        let proxy = Proxy::start([server(b'a'), nobody, server(b'b')]);
        let mut seen: Vec<u8> = (0..6).map(|_| next(&mut connect(&proxy)).unwrap()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, b"ab");
        proxy.set_targets([server(b'c')]);
        assert_eq!(next(&mut connect(&proxy)).unwrap(), b'c');
    }

    #[test]
    fn what_is_cut_ends_and_comes_back_on_the_same_port() {
        let proxy = Proxy::start([server(b'a')]);
        let mut stream = connect(&proxy);
        assert_eq!(next(&mut stream).unwrap(), b'a');
        proxy.cut();
        assert!(next(&mut stream).is_err());
        let address = (Ipv4Addr::LOCALHOST, proxy.port());
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        proxy.restore();
        assert_eq!(next(&mut connect(&proxy)).unwrap(), b'a');
    }

    #[test]
    fn what_is_stalled_waits_and_is_not_lost() {
        let proxy = Proxy::start([server(b'a')]);
        let mut stream = connect(&proxy);
        assert_eq!(next(&mut stream).unwrap(), b'a');
        proxy.stall();
        stream.write_all(b"x").unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(next(&mut stream).is_err());
        proxy.delay(Duration::from_millis(5));
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        assert_eq!(next(&mut stream).unwrap(), b'x');
    }
}
