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

/// The values of a body of JSON lines, each ended by a line feed, in parcels as they come. The first error is
/// the last item: a body that breaks off is an error, and so is one that ends within a line.
pub(super) fn values<T, E>(
    body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    away: impl Fn(&E) -> StoreError + Send + 'static,
) -> BoxStream<'static, Result<Vec<T>, StoreError>>
where
    T: DeserializeOwned + Send + 'static,
    E: Send + 'static,
{
    enum State<B, A> {
        Reading(B, BytesMut, A),
        Failed(StoreError),
        Ended,
    }
    let state = State::Reading(body.boxed(), BytesMut::new(), away);
    stream::unfold(state, |state| async {
        let (mut body, mut buffer, away) = match state {
            State::Reading(body, buffer, away) => (body, buffer, away),
            State::Failed(error) => return Some((Err(error), State::Ended)),
            State::Ended => return None,
        };
        let error = match tokio::time::timeout(SILENCE, body.next()).await {
            Err(_) => StoreError::Unavailable(format!(
                "the Database Service said nothing for {} seconds",
                SILENCE.as_secs()
            )),
            Ok(Some(Err(error))) => away(&error),
            Ok(Some(Ok(bytes))) => {
                buffer.extend_from_slice(&bytes);
                let (values, error) = lines(&mut buffer);
                let next = error.map_or(State::Reading(body, buffer, away), State::Failed);
                return Some((Ok(values), next));
            }
            Ok(None) if buffer.is_empty() => return None,
            Ok(None) => {
                StoreError::Unavailable("the Database Service broke off within a row".into())
            }
        };
        Some((Err(error), State::Ended))
    })
    .boxed()
}

/// Takes the whole lines out of a buffer; stops at the first that is no value.
fn lines<T: DeserializeOwned>(buffer: &mut BytesMut) -> (Vec<T>, Option<StoreError>) {
    let mut values = Vec::new();
    let mut start = 0;
    while let Some(length) = memchr::memchr(b'\n', &buffer[start..]) {
        match serde_json::from_slice(&buffer[start..start + length]) {
            Ok(value) => values.push(value),
            Err(e) => {
                let error = format!("a row of the Database Service is not as agreed: {e}");
                return (values, Some(StoreError::Failed(error)));
            }
        }
        start += length + 1;
    }
    buffer.advance(start);
    let endless = (buffer.len() > MAX_LINE_BYTES)
        .then(|| StoreError::Failed("a row of the Database Service has no end".into()));
    (values, endless)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a body in these pieces is read as; `Err` where it breaks.
    async fn read(pieces: Vec<Result<&'static [u8], ()>>) -> Vec<Result<u32, StoreError>> {
        let pieces = pieces.into_iter().map(|p| p.map(Bytes::from_static));
        let parcels = values(stream::iter(pieces), |()| StoreError::Unavailable("cut".into()));
        let values = parcels.map(|parcel| match parcel {
            Ok(values) => values.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        });
        values.flat_map(stream::iter).collect().await
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
