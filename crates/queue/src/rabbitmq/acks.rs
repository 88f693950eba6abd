//! Acknowledging many deliveries with few words.

use std::collections::{BTreeMap, BTreeSet};

/// Deliveries of one channel that the broker waits to hear of, by its tags, which grow.
#[derive(Default)]
pub(super) struct Acks {
    /// How many events of each delivery are not done: a message in batch mode has several.
    open: BTreeMap<u64, usize>,
}

/// What to say to the broker: an acknowledgement of a delivery, and whether it means all earlier ones
/// too.
pub(super) type Ack = (u64, bool);

impl Acks {
    /// How many deliveries are not done.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// An event of a delivery has come.
    pub(super) fn delivered(&mut self, tag: u64) {
        *self.open.entry(tag).or_default() += 1;
    }

    /// One event of a delivery is done; `true` when that was its last.
    pub(super) fn done(&mut self, tag: u64) -> bool {
        let Some(events) = self.open.get_mut(&tag) else { return false };
        *events -= 1;
        let last = *events == 0;
        if last {
            self.open.remove(&tag);
        }
        last
    }

    /// The fewest words that acknowledge these deliveries, all of which are done, and no other.
    pub(super) fn acknowledge(&self, done: &BTreeSet<u64>) -> Vec<Ack> {
        let first_open = self.open.keys().next().copied().unwrap_or(u64::MAX);
        let before = done.range(..first_open).next_back();
        let after = done.range(first_open..);
        before.map(|tag| (*tag, true)).into_iter().chain(after.map(|tag| (*tag, false))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_deliveries(tags: std::ops::RangeInclusive<u64>) -> Acks {
        let mut acks = Acks::default();
        tags.for_each(|tag| acks.delivered(tag));
        acks
    }

    fn say(acks: &mut Acks, tags: &[u64]) -> Vec<Ack> {
        let done = tags.iter().copied().filter(|tag| acks.done(*tag)).collect();
        acks.acknowledge(&done)
    }

    #[test]
    fn what_is_done_in_order_takes_one_word() {
        let mut acks = with_deliveries(1..=6);
        assert_eq!(say(&mut acks, &[1, 2, 3]), [(3, true)]);
        assert_eq!(say(&mut acks, &[6, 4, 5]), [(6, true)]);
    }

    #[test]
    fn what_is_not_done_is_not_acknowledged_with_its_neighbours() {
        let mut acks = with_deliveries(1..=6);
        assert_eq!(say(&mut acks, &[2, 4]), [(2, false), (4, false)]);
        assert_eq!(say(&mut acks, &[1, 6]), [(1, true), (6, false)]);
        assert_eq!(say(&mut acks, &[3]), [(3, true)]);
        assert_eq!(say(&mut acks, &[5]), [(5, true)]);
    }

    #[test]
    fn a_batch_is_done_with_its_last_event() {
        let mut acks = Acks::default();
        for tag in [1, 1, 2] {
            acks.delivered(tag);
        }
        assert_eq!(say(&mut acks, &[1, 2]), [(2, false)]);
        assert_eq!(say(&mut acks, &[1]), [(1, true)]);
        assert_eq!(say(&mut acks, &[1, 7]), []);
    }
}
