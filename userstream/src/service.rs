//! `userstream frontend` … `userstream report-generator`: one service by itself.

use runtime::Env;
use wiring::{Error, run};

use crate::cli::Role;

pub(crate) fn run_alone(env: &Env, role: Role) -> Result<(), Error> {
    let service = role.service();
    match role {
        Role::Frontend => run(env, service, frontend::prepare),
        Role::QueueReceiver => run(env, service, queue_receiver::prepare),
        Role::Sender => run(env, service, sender::prepare),
        Role::DatabaseService => run(env, service, database_service::prepare),
        Role::ReportGenerator => run(env, service, report_generator::prepare),
    }
}
