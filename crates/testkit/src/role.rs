//! The services by name.

/// A service that runs as a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the service of that name")]
pub enum Role {
    DatabaseService,
    QueueReceiver,
    Sender,
    ReportGenerator,
    Frontend,
}

impl Role {
    /// All of them; each comes behind those it calls.
    pub const ALL: [Self; 5] = [
        Self::DatabaseService,
        Self::QueueReceiver,
        Self::Sender,
        Self::ReportGenerator,
        Self::Frontend,
    ];

    /// The command that runs it, and the audience of its tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::DatabaseService => "database-service",
            Self::QueueReceiver => "queue-receiver",
            Self::Sender => "sender",
            Self::ReportGenerator => "report-generator",
            Self::Frontend => "frontend",
        }
    }
}
