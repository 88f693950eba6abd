//! Publishes what comes by standard input, each line as one message: a way to send a queue what no service
//! would send it.
//!
//! ```text
//! echo 'no JSON' | cargo run -p userstream-queue --example publish -- sqlite:var/queue.db user.registration
//! ```

use std::{env, io, process::ExitCode};

use queue::Message;
use uuid::Uuid;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [url, queue] = arguments.as_slice() else {
        eprintln!("usage: publish URL QUEUE < MESSAGES");
        return ExitCode::FAILURE;
    };
    match publish(url, queue).await {
        Ok(count) => {
            println!("{count} published");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn publish(url: &str, name: &str) -> Result<usize, String> {
    let told = |error: &dyn std::error::Error| error.to_string();
    let lines = io::stdin().lines().collect::<Result<Vec<_>, _>>().map_err(|e| told(&e))?;
    let queue = queue::open(url, None).await.map_err(|e| told(&e))?;
    let count = lines.len();
    let messages = lines.into_iter().map(|line| Message::event(Uuid::new_v4(), line)).collect();
    queue.publish(name, messages).await.map_err(|e| told(&e))?;
    Ok(count)
}
