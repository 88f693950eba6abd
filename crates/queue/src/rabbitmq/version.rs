//! Which version of the broker this is: it says so to whoever connects, before anyone logs in.

use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// AMQP 0-9-1's first words.
const HELLO: &[u8] = b"AMQP\0\0\x09\x01";
/// The name of the property, as a field table has it: its length, itself, and that a text follows.
const NAME: &[u8] = b"\x07versionS";
const LONGEST_ANSWER: usize = 64 * 1024;

/// The first version that drops what came back too often.
const LIMITS_DELIVERIES: u32 = 4;
const TIMEOUT: Duration = Duration::from_secs(3);

/// Whether the broker drops what came back too often. One that does not tell its version may.
pub(super) async fn limits_deliveries(uri: &AMQPUri) -> bool {
    let major = timeout(TIMEOUT, major(uri)).await;
    major.ok().flatten().is_none_or(|major| major >= LIMITS_DELIVERIES)
}

/// The major version; `None` where the broker does not tell, or only to who speaks TLS.
async fn major(uri: &AMQPUri) -> Option<u32> {
    if uri.scheme == AMQPScheme::AMQPS {
        return None;
    }
    let address = (uri.authority.host.as_str(), uri.authority.port);
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(HELLO).await.ok()?;
    let mut answer = Vec::new();
    while answer.len() < LONGEST_ANSWER {
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            return None;
        }
        if let Some(major) = major_of(&answer) {
            return Some(major);
        }
    }
    None
}

/// The number before the first dot, once it is there.
fn major_of(answer: &[u8]) -> Option<u32> {
    let at = answer.windows(NAME.len()).position(|w| w == NAME)?;
    let rest = &answer[at + NAME.len()..];
    let (length, text) = rest.split_first_chunk::<4>()?;
    let text = text.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    str::from_utf8(text).ok()?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_once_it_is_there() {
        let answer = b"\x01\0\0\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x063.10.8\x02zzS";
        assert_eq!(major_of(answer), Some(3));
        assert_eq!(major_of(&answer[..36]), None);
        assert_eq!(major_of(b"\x07versionS\0\0\0\x0512345"), Some(12_345));
        assert_eq!(major_of(b"no such thing"), None);
    }
}
