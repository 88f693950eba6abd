//! Several events in one row, so that a commit in a rush writes few pages.
//!
//! Each is still judged by itself: a bit of the row's `pending` says that an event is to be done yet. What
//! becomes of an event other than done is told in a row of its own, which is cut out first. So no event
//! within a pack was ever tried. The row is compressed where that makes it smaller.

use std::ops::Range;

use bytes::{Buf, BufMut, Bytes};
use rusqlite::{
    Connection, Error, OptionalExtension, Result,
    types::{FromSqlError, Type},
};

use super::{
    publish::{self, NewMessage, Place},
    schema,
};
use crate::Message;

/// So many events go as one row; at the most as many as a number has bits without its sign.
pub(super) const EVENTS: Range<usize> = 4..64;
/// Bytes of one row, at the most.
const MOST_BYTES: usize = 16 * 1024;
/// Bytes of an event that shares a row, at the most.
const USUAL_BYTES: usize = MOST_BYTES / 4;

/// Where the length of the first event's id would be: the rest of the body is compressed.
const COMPRESSED: u16 = u16::MAX;
/// Bytes of a body that is not compressed, at the most: the events and their lengths.
const MOST_UNPACKED: usize = 2 * MOST_BYTES;

const INSERT: &str = "
INSERT INTO messages (queue, visible_at, consumer, events, pending, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

// A row is touched only while it is in the hand that is named, be it nobody's.
const DONE: &str = "DELETE FROM messages WHERE id = ?1 AND +consumer = ?2 AND pending & ~?3 = 0";

const READ: &str = "
SELECT queue, visible_at, pending, body FROM messages
WHERE id = ?1 AND +consumer IS ?2 AND pending IS NOT NULL";

const CLEAR: &str = "UPDATE messages SET pending = ?2, events = ?3 WHERE id = ?1";
const DELETE: &str = "DELETE FROM messages WHERE id = ?1";

/// Messages that come one after the other and may be one row.
#[derive(Default)]
pub(super) struct Pack<'a> {
    messages: Vec<&'a NewMessage>,
    bytes: usize,
}

impl<'a> Pack<'a> {
    /// Whether a message may go with those that are there.
    pub(super) fn takes(&self, message: &NewMessage) -> bool {
        let Some(first) = self.messages.first() else { return true };
        can_share(first)
            && can_share(message)
            && first.queue == message.queue
            && self.messages.len() + 1 < EVENTS.end
            && self.bytes + message.size() <= MOST_BYTES
    }

    pub(super) fn push(&mut self, message: &'a NewMessage) {
        self.bytes += message.size();
        self.messages.push(message);
    }

    /// The messages, and an empty pack in their place.
    pub(super) fn take(&mut self) -> Vec<&'a NewMessage> {
        std::mem::take(self).messages
    }
}

fn can_share(message: &NewMessage) -> bool {
    message.message.content_type == Message::EVENT && message.size() <= USUAL_BYTES
}

/// Inserts events as one row; gives the row.
pub(super) fn insert<'a>(
    connection: &Connection,
    Place { queue, visible_at, consumer }: Place,
    events: impl ExactSizeIterator<Item = &'a Message>,
) -> Result<i64> {
    let count = events.len();
    let pending = lowest(i64::MAX, count);
    let row =
        (queue, visible_at, consumer, schema::count(count), pending, compress(encode(events)));
    connection.prepare_cached(INSERT)?.insert(row)
}

/// Forgets events of a row, which are done.
pub(super) fn done(connection: &Connection, consumer: i64, row: i64, events: i64) -> Result<()> {
    if connection.prepare_cached(DONE)?.execute((row, consumer, events))? == 0
        && let Some(Row { pending, .. }) = read(connection, Some(consumer), row)?
    {
        clear(connection, row, pending, events)?;
    }
    Ok(())
}

/// Moves an event of a row that a consumer has in hand into a row of its own, in the same hand. Gives
/// that row; `None` when the event is not there any more.
pub(super) fn cut_out(
    connection: &Connection,
    consumer: i64,
    row: i64,
    number: u32,
) -> Result<Option<i64>> {
    cut(connection, Some(consumer), row, |pending| pending & bit(number))
}

/// Moves the first events of a row that nobody has in hand into a row of their own, and gives that.
pub(super) fn cut_off(connection: &Connection, row: i64, count: usize) -> Result<Option<i64>> {
    cut(connection, None, row, |pending| lowest(pending, count))
}

fn cut(
    connection: &Connection,
    consumer: Option<i64>,
    row: i64,
    of_pending: impl FnOnce(i64) -> i64,
) -> Result<Option<i64>> {
    let Some(found) = read(connection, consumer, row)? else { return Ok(None) };
    let which = of_pending(found.pending);
    let cut = match &*events(found.body, which)? {
        [] => return Ok(None),
        [(_, event)] => publish::insert_one(connection, found.place, event)?,
        several => insert(connection, found.place, several.iter().map(|(_, event)| event))?,
    };
    clear(connection, row, found.pending, which)?;
    Ok(Some(cut))
}

struct Row {
    place: Place,
    pending: i64,
    body: Vec<u8>,
}

fn read(connection: &Connection, consumer: Option<i64>, row: i64) -> Result<Option<Row>> {
    let found = connection.prepare_cached(READ)?.query_row((row, consumer), |row| {
        let place = Place { queue: row.get(0)?, visible_at: row.get(1)?, consumer };
        Ok(Row { place, pending: row.get(2)?, body: row.get(3)? })
    });
    found.optional()
}

fn clear(connection: &Connection, row: i64, pending: i64, events: i64) -> Result<()> {
    match pending & !events {
        0 => connection.prepare_cached(DELETE)?.execute([row])?,
        rest => connection.prepare_cached(CLEAR)?.execute((row, rest, rest.count_ones()))?,
    };
    Ok(())
}

/// The bit of an event of a row.
pub(super) fn bit(number: u32) -> i64 {
    1 << number
}

/// The lowest bits, so many of those that are set.
fn lowest(bits: i64, count: usize) -> i64 {
    let rest = (0..count).fold(bits, |rest, _| rest & rest.wrapping_sub(1));
    bits & !rest
}

/// Those events of a row's body whose bits are set, each with its number.
pub(super) fn events(body: Vec<u8>, which: i64) -> Result<Vec<(u32, Message)>> {
    let mut body = decompress(body)?;
    let mut events = Vec::with_capacity(which.count_ones() as usize);
    for number in 0..i64::BITS {
        if body.is_empty() {
            break;
        }
        let event = decode(&mut body).ok_or_else(unreadable)?;
        if which & bit(number) != 0 {
            events.push((number, event));
        }
    }
    Ok(events)
}

/// Alike as events of a queue are, they take about half the pages this way: less to sync, to copy, and to
/// read again.
fn compress(row: Vec<u8>) -> Vec<u8> {
    let mut compressed = Vec::from(COMPRESSED.to_be_bytes());
    compressed.extend(lz4_flex::compress_prepend_size(&row));
    if compressed.len() < row.len() { compressed } else { row }
}

fn decompress(row: Vec<u8>) -> Result<Bytes> {
    let Some(compressed) = row.strip_prefix(&COMPRESSED.to_be_bytes()) else {
        return Ok(row.into());
    };
    let (size, block) = lz4_flex::block::uncompressed_size(compressed).map_err(|_| unreadable())?;
    if size > MOST_UNPACKED {
        return Err(unreadable());
    }
    let row = lz4_flex::decompress(block, size).map_err(|_| unreadable())?;
    Ok(row.into())
}

fn unreadable() -> Error {
    Error::FromSqlConversionFailure(0, Type::Blob, Box::new(FromSqlError::InvalidType))
}

/// Each event as its id, its `traceparent` and its body, and each of these behind its length. No
/// `traceparent` is an empty one.
fn encode<'a>(events: impl Iterator<Item = &'a Message>) -> Vec<u8> {
    let mut row = Vec::with_capacity(USUAL_BYTES);
    for Message { id, traceparent, body, .. } in events {
        for part in [id.as_bytes(), traceparent.as_deref().unwrap_or_default().as_bytes(), body] {
            let length = u16::try_from(part.len()).expect("what is large goes alone");
            row.put_u16(length);
            row.put_slice(part);
        }
    }
    row
}

fn decode(row: &mut Bytes) -> Option<Message> {
    let mut part = || {
        let length = usize::from(row.try_get_u16().ok()?);
        (length <= row.len()).then(|| row.split_to(length))
    };
    let (id, traceparent, body) = (part()?, part()?, part()?);
    let text = |bytes: Bytes| String::from_utf8(bytes.into()).ok();
    let traceparent = Some(text(traceparent)?).filter(|t| !t.is_empty());
    Some(Message::event(text(id)?, body).with_traceparent(traceparent))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lowest_bits_are_found() {
        assert_eq!(lowest(0b1011_0100, 0), 0);
        assert_eq!(lowest(0b1011_0100, 2), 0b0001_0100);
        assert_eq!(lowest(0b1011_0100, 9), 0b1011_0100);
        assert_eq!(lowest(i64::MAX, 63), i64::MAX);
    }

    #[test]
    fn what_was_cut_off_in_the_middle_is_told() {
        let plain = encode([Message::event("1", "body of a body of a body of a body")].iter());
        let compressed = compress(plain.clone());
        assert_ne!(plain, compressed);
        for whole in [plain, compressed] {
            for length in 1..whole.len() {
                assert!(events(whole[..length].to_vec(), 1).is_err(), "{length}");
            }
            assert_eq!(events(whole, 1).unwrap().len(), 1);
        }
    }

    #[test]
    fn events_that_are_alike_take_little() {
        let event = |n| Message::event(format!("{n}"), format!(r#"{{"name":"Ada","number":{n}}}"#));
        let row = encode((0..25).map(event).collect::<Vec<_>>().iter());
        let compressed = compress(row.clone());
        assert!(compressed.len() * 2 < row.len(), "{} of {}", compressed.len(), row.len());
        assert_eq!(decompress(compressed).unwrap(), row);
    }

    #[test]
    fn a_size_that_is_a_lie_is_told() {
        let mut lie = Vec::from(COMPRESSED.to_be_bytes());
        lie.extend(u32::MAX.to_le_bytes());
        lie.extend([0x10, b'x']);
        assert!(events(lie, 1).is_err());
    }

    fn any_event() -> impl Strategy<Value = Message> {
        let body = proptest::collection::vec(any::<u8>(), 0..40);
        (".{0,8}", proptest::option::of(".{1,8}"), body)
            .prop_map(|(id, trace, body)| Message::event(id, body).with_traceparent(trace))
    }

    proptest! {
        #[test]
        fn whatever_goes_in_comes_out_byte_for_byte(
            messages in proptest::collection::vec(any_event(), 0..EVENTS.end),
            which in 0..i64::MAX,
        ) {
            let numbered = (0..).zip(messages.iter().cloned());
            let expected: Vec<_> = numbered.filter(|(n, _)| which & bit(*n) != 0).collect();
            let row = encode(messages.iter());
            prop_assert_eq!(&events(row.clone(), which).unwrap(), &expected);
            prop_assert_eq!(events(compress(row), which).unwrap(), expected);
        }
    }
}
