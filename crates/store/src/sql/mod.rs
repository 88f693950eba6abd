//! What the SQL backends share: texts, times, answers and judgements. The statements are each backend's own.

pub(crate) mod claim;
pub(crate) mod login;
pub(crate) mod migrations;
pub(crate) mod outcome;
pub(crate) mod span;
pub(crate) mod text;
pub(crate) mod time;
