//! A stream of JSON lines, read as it comes.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use serde::de::DeserializeOwned;

use crate::StoreError;

/// How long the stream may be silent.
const SILENCE: Duration = Duration::from_mins(1);
/// No row is longer, by far.
const MAX_LINE_BYTES: usize = 1024 * 1024;

/// The values of a body of JSON lines, each ended by a line feed. The first error is the last item:
/// a body that breaks off is an error, and so is one that ends within a line.
pub(super) fn values<T, E>(
    body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    away: impl Fn(&E) -> StoreError + Send + 'static,
) -> BoxStream<'static, Result<T, StoreError>>
where
    T: DeserializeOwned + Send + 'static,
    E: Send + 'static,
{
    let state = Some((body.boxed(), BytesMut::new(), away));
    stream::unfold(state, |state| async {
        let (mut body, mut buffer, away) = state?;
        let values = match tokio::time::timeout(SILENCE, body.next()).await {
            Err(_) => vec![Err(StoreError::Unavailable(format!(
                "the Database Service said nothing for {} seconds",
                SILENCE.as_secs()
            )))],
            Ok(Some(Err(error))) => vec![Err(away(&error))],
            Ok(Some(Ok(bytes))) => {
                buffer.extend_from_slice(&bytes);
                lines(&mut buffer)
            }
            Ok(None) if buffer.is_empty() => return None,
            Ok(None) => {
                vec![Err(StoreError::Unavailable(
                    "the Database Service broke off within a row".into(),
                ))]
            }
        };
        let goes_on = values.iter().all(Result::is_ok);
        Some((values, goes_on.then_some((body, buffer, away))))
    })
    .flat_map(stream::iter)
    .boxed()
}

/// Takes the whole lines out of a buffer; stops at the first that is no value.
fn lines<T: DeserializeOwned>(buffer: &mut BytesMut) -> Vec<Result<T, StoreError>> {
    let mut values = Vec::new();
    let mut start = 0;
    while let Some(end) = buffer[start..].iter().position(|b| *b == b'\n') {
        let value = serde_json::from_slice(&buffer[start..start + end]).map_err(|e| {
            StoreError::Failed(format!("a row of the Database Service is not as agreed: {e}"))
        });
        start += end + 1;
        let is_value = value.is_ok();
        values.push(value);
        if !is_value {
            return values;
        }
    }
    buffer.advance(start);
    if buffer.len() > MAX_LINE_BYTES {
        values.push(Err(StoreError::Failed("a row of the Database Service has no end".into())));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a body in these pieces is read as; `Err` where it breaks.
    async fn read(pieces: Vec<Result<&'static [u8], ()>>) -> Vec<Result<u32, StoreError>> {
        let pieces = pieces.into_iter().map(|p| p.map(Bytes::from_static));
        values(stream::iter(pieces), |()| StoreError::Unavailable("cut".into())).collect().await
    }

    fn good(values: &[Result<u32, StoreError>]) -> Vec<u32> {
        values.iter().filter_map(|v| v.as_ref().ok().copied()).collect()
    }

    #[tokio::test]
    async fn lines_may_be_cut_anywhere() {
        let body = b"1\n22\n333\n";
        for at in 0..body.len() {
            let (a, b) = body.split_at(at);
            let values = read(vec![Ok(a), Ok(b)]).await;
            assert_eq!(good(&values), [1, 22, 333], "{at}");
            assert_eq!(values.len(), 3, "{at}");
        }
        assert!(read(vec![]).await.is_empty());
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_an_error() {
        for cut in [vec![Ok(&b"1\n2"[..]), Err(())], vec![Ok(b"1\n"), Err(())], vec![Ok(b"1\n2")]] {
            let values = read(cut).await;
            assert_eq!(good(&values), [1]);
            assert!(matches!(values[1], Err(StoreError::Unavailable(_))));
            assert_eq!(values.len(), 2);
        }
    }

    #[tokio::test]
    async fn what_is_no_row_ends_the_stream() {
        let values = read(vec![Ok(b"1\nx\n3\n"), Ok(b"4\n")]).await;
        assert_eq!(good(&values), [1]);
        assert!(matches!(values[1], Err(StoreError::Failed(_))));
        assert_eq!(values.len(), 2);
    }
}
