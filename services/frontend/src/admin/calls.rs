//! The services' calls that the console carries on. Each is documented by the service it goes to.

use axum::{
    extract::{Request, State},
    response::Response,
};
use domain::{NotificationId, RegistrationId, ReportId, ScheduleId, UserId};
use runtime::{Path, Problem, http::problem::ProblemBody};

use super::{
    Console,
    forward::{To, forward},
};

/// One call that is carried on as it is. What its path names must be of the kind that is said here: `export` is
/// no user.
macro_rules! carried {
    ($($(#[$doc:meta])* $name:ident: $method:ident $path:literal $( ( $param:literal: $kind:ty ) )? => $to:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path($method, path = $path, tag = "console",
            $(params(($param = String, Path)),)?
            responses(
                (status = "2XX", description = "What the service answers"),
                (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
                (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
        pub(super) async fn $name(
            console: State<Console>,
            $(_: Path<$kind>,)?
            request: Request,
        ) -> Result<Response, Problem> {
            forward(console, To::$to, request).await
        }
    )+};
}

carried! {
    /// A page of users.
    users: get "/api/admin/users" => Database;
    /// Creates a user directly; no e-mail follows.
    create_user: post "/api/admin/users" => Database;
    /// Records registrations, up to a thousand at once.
    record_users: post "/api/admin/users/batch" => Database;
    /// All users as a stream.
    export_users: get "/api/admin/users/export" => Database;
    /// One user.
    user: get "/api/admin/users/{id}" ("id": UserId) => Database;
    /// Changes a user.
    change_user: put "/api/admin/users/{id}" ("id": UserId) => Database;
    /// Deletes a user.
    delete_user: delete "/api/admin/users/{id}" ("id": UserId) => Database;
    /// Everything that happened to a registration.
    registration_history: get "/api/admin/registrations/{id}/history" ("id": RegistrationId) => Database;
    /// A page of e-mails.
    notifications: get "/api/admin/notifications" => Sender;
    /// One e-mail.
    notification: get "/api/admin/notifications/{id}" ("id": NotificationId) => Sender;
    /// What an e-mail says.
    notification_preview: get "/api/admin/notifications/{id}/preview" ("id": NotificationId) => Sender;
    /// Asks for an e-mail to a user.
    create_notification: post "/api/admin/notifications" => Sender;
    /// Sends an e-mail again.
    resend_notification: post "/api/admin/notifications/{id}/resend" ("id": NotificationId) => Sender;
    /// The texts of e-mails.
    templates: get "/api/admin/templates" => Sender;
    /// The text of an e-mail.
    template: get "/api/admin/templates/{name}" ("name": String) => Sender;
    /// Changes the text of an e-mail.
    change_template: put "/api/admin/templates/{name}" ("name": String) => Sender;
    /// The versions of a text.
    template_versions: get "/api/admin/templates/{name}/versions" ("name": String) => Sender;
    /// Shows an e-mail as a person would get it.
    preview_template: post "/api/admin/templates/{name}/preview" ("name": String) => Sender;
    /// Sends an e-mail's text to who is logged in.
    test_template: post "/api/admin/templates/{name}/test" ("name": String) => Sender;
    /// A page of reports.
    reports: get "/api/admin/reports" => ReportGenerator;
    /// Asks for a report.
    create_report: post "/api/admin/reports" => ReportGenerator;
    /// One report.
    report: get "/api/admin/reports/{id}" ("id": ReportId) => ReportGenerator;
    /// Deletes a report.
    delete_report: delete "/api/admin/reports/{id}" ("id": ReportId) => ReportGenerator;
    /// Stops a report.
    cancel_report: post "/api/admin/reports/{id}/cancel" ("id": ReportId) => ReportGenerator;
    /// A report's file.
    download_report: get "/api/admin/reports/{id}/download" ("id": ReportId) => ReportGenerator;
    /// A page of schedules.
    schedules: get "/api/admin/schedules" => ReportGenerator;
    /// Makes a schedule.
    create_schedule: post "/api/admin/schedules" => ReportGenerator;
    /// One schedule.
    schedule: get "/api/admin/schedules/{id}" ("id": ScheduleId) => ReportGenerator;
    /// Changes a schedule.
    change_schedule: put "/api/admin/schedules/{id}" ("id": ScheduleId) => ReportGenerator;
    /// Deletes a schedule.
    delete_schedule: delete "/api/admin/schedules/{id}" ("id": ScheduleId) => ReportGenerator;
    /// Asks for a report of a schedule now.
    run_schedule: post "/api/admin/schedules/{id}/run" ("id": ScheduleId) => ReportGenerator;
    /// A page of dead letters.
    dead_letters: get "/api/admin/dead-letters" => QueueReceiver;
    /// Dead letters by cause.
    dead_letter_causes: get "/api/admin/dead-letters/causes" => QueueReceiver;
    /// One dead letter.
    dead_letter: get "/api/admin/dead-letters/{id}" ("id": String) => QueueReceiver;
    /// Deletes a dead letter.
    delete_dead_letter: delete "/api/admin/dead-letters/{id}" ("id": String) => QueueReceiver;
    /// Sends a dead letter back to its queue.
    replay_dead_letter: post "/api/admin/dead-letters/{id}/replay" ("id": String) => QueueReceiver;
    /// Sends dead letters back to their queues, by filter.
    replay_dead_letters: post "/api/admin/dead-letters/replay" => QueueReceiver;
    /// Deletes dead letters, by filter.
    delete_dead_letters: post "/api/admin/dead-letters/delete" => QueueReceiver;
}
