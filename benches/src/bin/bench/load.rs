//! A load generator that costs little, since it shares the machine with what it measures: HTTP/1.1
//! over kept connections, one request in flight on each, written by hand.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// What to send, again and again.
#[derive(Clone)]
pub(crate) struct Load {
    address: String,
    expect: &'static [u8],
    request: Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>,
}

/// What came of it.
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    took: Duration,
    p99: Duration,
}

impl Measured {
    /// Answers in all.
    pub(crate) fn done(&self) -> f64 {
        self.per_second * self.took.as_secs_f64()
    }

    pub(crate) fn p99_millis(&self) -> f64 {
        self.p99.as_secs_f64() * 1e3
    }
}

impl Load {
    /// The cheapest call there is.
    pub(crate) fn of_live(address: &str) -> Self {
        let request = format!("GET /health/live HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes();
        Self {
            address: address.to_owned(),
            expect: b"HTTP/1.1 200",
            request: Arc::new(move |_| request.clone()),
        }
    }

    /// Registrations, each of a person of its own.
    pub(crate) fn of_registrations(address: &str, round: usize) -> Self {
        let host = address.to_owned();
        let request = move |n: u64| {
            let body = format!(
                r#"{{"name":"Ada","surname":"Lovelace","email":"r{round}n{n}@example.com"}}"#
            );
            format!(
                "POST /api/registrations HTTP/1.1\r\nHost: {host}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes()
        };
        Self { address: address.to_owned(), expect: b"HTTP/1.1 202", request: Arc::new(request) }
    }

    /// Sends over so many connections for so long. All must be answered as expected: what is refused
    /// costs less.
    pub(crate) async fn run(self, connections: usize, duration: Duration) -> Measured {
        let counter = Arc::new(AtomicU64::new(0));
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (load, counter) = (self.clone(), counter.clone());
            tasks.spawn(async move { load.connection(&counter, started + duration).await });
        }
        let (mut times, mut refused) = (Vec::new(), 0);
        while let Some(joined) = tasks.join_next().await {
            let (its_times, its_refused) = joined.expect("no panic").expect("a kept connection");
            times.extend(its_times);
            refused += its_refused;
        }
        let took = started.elapsed();
        assert_eq!(refused, 0, "a call was refused");
        times.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let per_second = times.len() as f64 / took.as_secs_f64();
        Measured { per_second, took, p99: times[times.len() * 99 / 100] }
    }

    async fn connection(
        &self,
        counter: &AtomicU64,
        until: Instant,
    ) -> io::Result<(Vec<Duration>, u64)> {
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (mut times, mut refused) = (Vec::new(), 0);
        let mut buffer = Vec::with_capacity(4096);
        while Instant::now() < until {
            let request = (self.request)(counter.fetch_add(1, Ordering::Relaxed));
            let started = Instant::now();
            stream.write_all(&request).await?;
            answer(&mut stream, &mut buffer).await?;
            times.push(started.elapsed());
            if !buffer.starts_with(self.expect) {
                refused += 1;
            }
        }
        Ok((times, refused))
    }
}

/// Reads one answer whole.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
        let length: usize = length.and_then(|l| l.trim().parse().ok()).unwrap_or(0);
        if buffer.len() >= end + 4 + length {
            return Ok(());
        }
    }
}
