//! The crash suite: people register at the split system while everything in it is killed, stopped, cut
//! and stalled, in an order that a seed decides. Then everything is put right, and what was answered is
//! compared with what is there.
//!
//! [`play`] is one round on [`Backends`]; `docs/CRASH.md` says how to read what it finds.

mod backends;
mod ledger;
mod load;
mod plan;
mod round;
mod scene;
pub mod table;
mod verify;

pub use backends::Backends;
pub use plan::Extent;
pub use round::{Round, Settings, play};
pub use verify::Found;
