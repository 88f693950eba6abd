//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use runtime::Service;

/// Registrations that are never lost.
#[derive(Debug, Parser)]
#[command(
    name = "userstream",
    version,
    about,
    after_help = "\
Examples:
  userstream up                                  everything, at http://localhost:3000
  userstream up --data-dir /srv/userstream       the same, with its data elsewhere
  userstream import people.csv                   registers every row of a CSV file
  userstream report --output people.xlsx         a file of everyone
  userstream token --audience database-service   a token for curl

Settings are environment variables; a .env file in the working folder is read first."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All five services in one process, with nothing to set up
    Up(UpOptions),
    /// Registers every row of a CSV file; safe to run again
    Import(ImportOptions),
    /// Has a report made, and brings its file here
    Report(ReportOptions),
    /// Prints a service token, good for five minutes
    Token(TokenOptions),
    /// Checks settings and everything they name, and says in clear words what to mend
    Doctor(DoctorOptions),
    /// Makes an authority and certificates, for development and closed networks
    Certs(CertsOptions),
    #[command(flatten)]
    Service(Role),
}

/// One service by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand, ValueEnum)]
pub(crate) enum Role {
    /// The web app and the public API
    Frontend,
    /// Turns messages into rows
    QueueReceiver,
    /// Writes and delivers e-mails
    Sender,
    /// Stores
    DatabaseService,
    /// Turns rows into files
    ReportGenerator,
}

impl Role {
    /// What runs.
    pub(crate) fn service(self) -> &'static Service {
        match self {
            Self::Frontend => &frontend::SERVICE,
            Self::QueueReceiver => &queue_receiver::SERVICE,
            Self::Sender => &sender::SERVICE,
            Self::DatabaseService => &database_service::SERVICE,
            Self::ReportGenerator => &report_generator::SERVICE,
        }
    }

    /// Its folder name.
    pub(crate) fn name(self) -> &'static str {
        self.service().name
    }

    /// The port it listens on unless told otherwise.
    pub(crate) fn port(self) -> u16 {
        self.service().port
    }
}

#[derive(Debug, Args)]
pub(crate) struct UpOptions {
    /// Where everything is kept
    #[arg(long, default_value = "var")]
    pub(crate) data_dir: PathBuf,
    /// The port of the web app (PORT does the same)
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// The port of the Queue Receiver
    #[arg(long, default_value_t = Role::QueueReceiver.port())]
    pub(crate) queue_receiver_port: u16,
    /// The port of the Sender
    #[arg(long, default_value_t = Role::Sender.port())]
    pub(crate) sender_port: u16,
    /// The port of the Database Service
    #[arg(long, default_value_t = Role::DatabaseService.port())]
    pub(crate) database_service_port: u16,
    /// The port of the Report Generator
    #[arg(long, default_value_t = Role::ReportGenerator.port())]
    pub(crate) report_generator_port: u16,
}

impl Default for UpOptions {
    fn default() -> Self {
        Self {
            data_dir: "var".into(),
            port: None,
            queue_receiver_port: Role::QueueReceiver.port(),
            sender_port: Role::Sender.port(),
            database_service_port: Role::DatabaseService.port(),
            report_generator_port: Role::ReportGenerator.port(),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
The first line names the columns: name, surname and email are needed, in any order; others are
passed over. Rows that break a rule go to FILE.errors.csv with their line and the reason.

Examples:
  userstream import people.csv
  userstream import --delimiter ';' people.csv
  QUEUE_URL=sqlite:/srv/userstream/queue.db userstream import people.csv")]
pub(crate) struct ImportOptions {
    /// The CSV file (UTF-8)
    pub(crate) file: PathBuf,
    /// The character between cells
    #[arg(long, default_value = ",")]
    pub(crate) delimiter: char,
    /// Where refused rows go [default: FILE.errors.csv]
    #[arg(long)]
    pub(crate) errors: Option<PathBuf>,
    /// The data folder of `userstream up`, whose queue is used unless `QUEUE_URL` is set
    #[arg(long, default_value = "var")]
    pub(crate) data_dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  userstream report                                        everyone, as CSV on standard output
  userstream report --output people.xlsx --timezone Europe/Berlin
  userstream report --confirmed true --columns email,name --excel --delimiter ';' -o friends.csv")]
pub(crate) struct ReportOptions {
    /// Where the file goes [default: standard output]
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
    /// csv, xlsx, ndjson or pdf [default: as the file is named, else csv]
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// What the report is called
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Only people with this in their name or address
    #[arg(long)]
    pub(crate) q: Option<String>,
    /// Only people who have confirmed their address (true) or have not (false)
    #[arg(long)]
    pub(crate) confirmed: Option<bool>,
    /// Only people who registered at this time or later, as 2026-05-01T00:00:00Z
    #[arg(long)]
    pub(crate) created_from: Option<String>,
    /// Only people who registered before this time
    #[arg(long)]
    pub(crate) created_to: Option<String>,
    #[arg(
        long,
        value_delimiter = ',',
        help = "The columns, in order: id, registration_id, name, surname, email, created_at, \
                updated_at, confirmed_at"
    )]
    pub(crate) columns: Vec<String>,
    /// CSV: the character between cells
    #[arg(long)]
    pub(crate) delimiter: Option<String>,
    /// CSV: for spreadsheets, with a byte order mark and formulas made harmless
    #[arg(long)]
    pub(crate) excel: bool,
    /// CSV and XLSX: without a first line of names
    #[arg(long)]
    pub(crate) no_header: bool,
    /// The zone of the times, such as Europe/Berlin [default: UTC]
    #[arg(long)]
    pub(crate) timezone: Option<String>,
    /// The data folder of `userstream up`, whose secret is used unless `JWT_SECRET` is set
    #[arg(long, default_value = "var")]
    pub(crate) data_dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  userstream certs                                 for this machine and for containers, in ./certs
  userstream certs --name users.internal --days 90")]
pub(crate) struct CertsOptions {
    /// The folder; an authority that is in it already signs again
    #[arg(long, default_value = "certs")]
    pub(crate) out: PathBuf,
    /// A further name or address that the certificates are for; can be repeated
    #[arg(long = "name")]
    pub(crate) names: Vec<String>,
    /// How long they are good for
    #[arg(long, default_value_t = 365)]
    pub(crate) days: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "\
It changes nothing. It exits 1 where something would keep a service from its work.

Examples:
  userstream doctor                      for `userstream up`
  userstream doctor database-service     for one service, with the variables that it will have")]
pub(crate) struct DoctorOptions {
    /// The service; all in one process unless one is named
    pub(crate) service: Option<Role>,
    /// The data folder of `userstream up`
    #[arg(long, default_value = "var")]
    pub(crate) data_dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  curl -H \"Authorization: Bearer $(userstream token --audience database-service)\" \\
       http://localhost:8083/users")]
pub(crate) struct TokenOptions {
    /// The service to call, by its folder name
    #[arg(long)]
    pub(crate) audience: Role,
    /// Who calls, for the logs
    #[arg(long, default_value = "cli")]
    pub(crate) issuer: String,
    /// The data folder of `userstream up`, whose secret is used unless `JWT_SECRET` is set
    #[arg(long, default_value = "var")]
    pub(crate) data_dir: PathBuf,
}
