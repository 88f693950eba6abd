//! The same submission as a plain HTML form, for a browser without JavaScript: a page comes back.

use std::net::SocketAddr;

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{FieldError, Registration, RegistrationId};
use minijinja::context;
use runtime::{Problem, http::extract};

use super::{Intake, accept::Wishes};
use crate::language::Language;

/// What a form sends.
pub(super) const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

#[derive(Default)]
struct Fields {
    name: String,
    surname: String,
    email: String,
    /// A field that people do not see: a program has filled it in.
    trapped: bool,
}

/// Registers, and answers with a page: thank you, or the form as it was with what to mend.
pub(super) async fn create(intake: &Intake, peer: SocketAddr, request: Request) -> Response {
    let client = intake.clients.of(peer, request.headers());
    let wishes = Wishes::of(request.headers());
    let mut fields = Fields::default();
    let result: Result<RegistrationId, Problem> = async {
        // Read first: even a person who must wait gets back what was typed.
        fields = parse(&extract::body(request).await?);
        intake.check_limit(client)?;
        if fields.trapped {
            return Err(trapped());
        }
        let person = Registration::parse(&fields.name, &fields.surname, &fields.email)
            .map_err(Problem::invalid)?;
        intake.accept(person, wishes?).await
    }
    .await;
    intake.outcomes.count(&result);
    match result {
        Ok(id) => thank_you(intake, id, &fields.email),
        Err(problem) => form_again(intake, &fields, &problem),
    }
}

fn parse(body: &[u8]) -> Fields {
    let mut fields = Fields::default();
    for (key, value) in url::form_urlencoded::parse(body) {
        match &*key {
            "name" => fields.name = value.into_owned(),
            "surname" => fields.surname = value.into_owned(),
            "email" => fields.email = value.into_owned(),
            "website" => fields.trapped = !value.is_empty(),
            _ => {}
        }
    }
    fields
}

fn thank_you(intake: &Intake, id: RegistrationId, email: &str) -> Response {
    let page = intake.site.page(
        "registered",
        context! {
            email_masked => masked(email),
            status => "accepted",
            timeline => [context! { stage => "accepted", at => "" }],
            refresh_url => super::status::page_url(id),
        },
    );
    (StatusCode::ACCEPTED, page).into_response()
}

fn form_again(intake: &Intake, fields: &Fields, problem: &Problem) -> Response {
    let language = Language::current().tag();
    let message = |field: &str| {
        let error = problem.errors().iter().find(|error| error.field == field);
        error.map(|error| error.in_language(language).to_owned())
    };
    let in_fields =
        problem.errors().iter().any(|e| ["name", "surname", "email"].contains(&e.field.as_str()));
    let page = intake.site.page(
        "form",
        context! {
            values => context! { name => &fields.name, surname => &fields.surname, email => &fields.email },
            errors => context! { name => message("name"), surname => message("surname"), email => message("email") },
            notice => (!in_fields).then(|| notice(fields, problem.status())),
        },
    );
    let mut response = (problem.status(), page).into_response();
    if let Some(seconds) = problem.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The person behind a helpful browser presses once more; a program does not read.
fn trapped() -> Problem {
    let message = "The field website must stay empty.";
    Problem::invalid([FieldError::new("website", "trapped", message)])
}

/// Which words say why nothing was taken.
fn notice(fields: &Fields, status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY if fields.trapped => "trapped",
        StatusCode::TOO_MANY_REQUESTS => "limited",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "failed",
    }
}

/// Enough of an address to know one's own.
fn masked(email: &str) -> String {
    let email = email.trim();
    match (email.chars().next(), email.split_once('@')) {
        (Some(first), Some((_, domain))) => format!("{first}…@{domain}"),
        _ => String::new(),
    }
}
