//! The vocabulary of UserStream: what a registration is, when it is valid, how it is named and
//! which messages speak of it.
//!
//! Every boundary (HTTP, queue, database) uses the same types, so that a value which exists has
//! been checked once and for all. Nothing here performs I/O.

mod email;
mod event;
mod ids;
mod keyed;
mod links;
mod messages;
mod name;
mod registration;
mod report;
mod validation;

pub use email::{EmailAddress, EmailError};
pub use event::{Event, EventData, MAX_EVENT_BYTES, MalformedEvent};
pub use ids::{
    IdKey, NotificationId, RegistrationId, RegistrationIdIssuer, ReportId, ScheduleId, UserId,
};
pub use links::{Link, LinkError, LinkKeys};
pub use messages::{EmailRequested, Recipient, RegistrationSubmitted, ReportRequested, template};
pub use name::{NameError, PersonName};
pub use registration::Registration;
pub use report::{ReportColumn, ReportFormat, ReportOptions, ReportSpec, UserFilter, parse_zone};
pub use validation::FieldError;
