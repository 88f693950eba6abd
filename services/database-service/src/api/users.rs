//! `/users`: people as rows.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
};
use chrono::{DateTime, Utc};
use domain::{Registration, UserFilter, UserId};
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
};
use serde::Deserialize;
use store::{Order, User, UserUpdate, wire::entity_tag};
use utoipa::{IntoParams, ToSchema};

use super::{Db, PROBLEM, problem};

/// Name, surname and address of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    /// First name: 1 to 100 characters, no control characters, no links.
    #[schema(min_length = 1, example = "Ada")]
    name: String,
    /// Surname, under the same rules.
    #[schema(min_length = 1, example = "Lovelace")]
    surname: String,
    /// An address that SMTP can deliver to, of at most 254 bytes.
    #[schema(min_length = 1, example = "ada@example.com")]
    email: String,
}

impl Person {
    fn parse(&self) -> Result<Registration, Problem> {
        Registration::parse(&self.name, &self.surname, &self.email).map_err(Problem::invalid)
    }
}

/// `?q=&confirmed=&created_from=&created_to=&limit=&cursor=`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// A part of name, surname or address, in any letter case.
    q: Option<String>,
    /// Only confirmed (`true`) or unconfirmed (`false`) addresses.
    confirmed: Option<bool>,
    /// Created at this time or later (RFC 3339).
    created_from: Option<DateTime<Utc>>,
    /// Created before this time (RFC 3339).
    created_to: Option<DateTime<Utc>>,
    /// By id, which is the order in which they were stored; `ascending` where absent.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Items on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<Cursor>,
}

type Tagged<T> = ([(HeaderName, String); 1], T);

/// A user with its entity tag (RFC 9110, section 8.8.3).
fn tagged(user: User) -> Tagged<Json<User>> {
    ([(header::ETAG, entity_tag(user.updated_at))], Json(user))
}

/// Creates a user directly; no e-mail follows.
#[utoipa::path(post, path = "/users", tag = "users", request_body = Person, responses(
    (status = 201, body = User, headers(("ETag"), ("Location"))),
    (status = 409, description = "The address is taken", body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn create(
    State(store): Db,
    Json(person): Json<Person>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Tagged<Json<User>>), Problem> {
    let person = person.parse()?;
    let created = store.create_user(&person).await.map_err(problem)?;
    let user = created.ok_or_else(taken)?;
    let location = [(header::LOCATION, format!("/users/{}", user.id))];
    Ok((StatusCode::CREATED, location, tagged(user)))
}

fn taken() -> Problem {
    Problem::new(StatusCode::CONFLICT, "Another user has this address.")
}

/// The users, by id.
#[utoipa::path(get, path = "/users", tag = "users", params(ListQuery), responses(
    (status = 200, body = PageBody<User>),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn list(
    State(store): Db,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageBody<User>>, Problem> {
    let ListQuery { q, confirmed, created_from, created_to, order, limit, cursor } = query;
    let filter = UserFilter { q, confirmed, created_from, created_to };
    let page = PageQuery { limit, cursor };
    let found = store.users(&filter, page.key()?.map(UserId), page.limit()?, order).await;
    let found = found.map_err(problem)?;
    let next_cursor = found.next.map(Cursor::new);
    Ok(Json(PageBody { items: found.items, next_cursor }))
}

/// One user.
#[utoipa::path(get, path = "/users/{id}", tag = "users",
    params(("id" = i64, Path, description = "The numeric key")), responses(
    (status = 200, body = User, headers(("ETag"))),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn get(
    State(store): Db,
    Path(id): Path<UserId>,
) -> Result<Tagged<Json<User>>, Problem> {
    let found = store.user(id).await.map_err(problem)?;
    found.map(tagged).ok_or_else(|| Problem::not_found("user"))
}

/// Changes a user. With `If-Match`, only one that is as the caller saw it. A changed address is
/// unconfirmed.
#[utoipa::path(put, path = "/users/{id}", tag = "users", request_body = Person,
    params(
        ("id" = i64, Path, description = "The numeric key"),
        ("If-Match" = Option<String>, Header, description = "The entity tag that was seen")),
    responses(
    (status = 200, body = User, headers(("ETag"))),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 409, description = "The address is taken", body = ProblemBody, content_type = PROBLEM),
    (status = 412, description = "Changed since", body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn update(
    State(store): Db,
    Path(id): Path<UserId>,
    headers: HeaderMap,
    Json(person): Json<Person>,
) -> Result<Tagged<Json<User>>, Problem> {
    let person = person.parse()?;
    let unchanged_since = match Condition::of(&headers) {
        Condition::None => None,
        Condition::OneOf(seen) => {
            let current = store.user(id).await.map_err(problem)?;
            let current = current.ok_or_else(|| Problem::not_found("user"))?;
            if !seen.contains(&entity_tag(current.updated_at)) {
                return Err(stale());
            }
            // Who changes it between here and there is noticed there.
            Some(current.updated_at)
        }
    };
    match store.update_user(id, &person, unchanged_since).await.map_err(problem)? {
        UserUpdate::Updated(user) => Ok(tagged(user)),
        UserUpdate::NotFound => Err(Problem::not_found("user")),
        UserUpdate::Stale => Err(stale()),
        UserUpdate::EmailTaken => Err(taken()),
    }
}

fn stale() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "The user was changed since you saw it. Read it again.",
    )
}

/// `If-Match` (RFC 9110, section 13.1.1).
enum Condition {
    /// Absent, or `*`.
    None,
    /// One of these entity tags; weak ones match none.
    OneOf(Vec<String>),
}

impl Condition {
    fn of(headers: &HeaderMap) -> Self {
        let mut tags = Vec::new();
        for value in headers.get_all(header::IF_MATCH) {
            // What is not ASCII is no entity tag of ours.
            for tag in value.to_str().unwrap_or_default().split(',').map(str::trim) {
                if tag == "*" {
                    return Self::None;
                }
                tags.push(tag.to_owned());
            }
        }
        if tags.is_empty() { Self::None } else { Self::OneOf(tags) }
    }
}

/// Deletes a user with its registrations and the log of its e-mails.
#[utoipa::path(delete, path = "/users/{id}", tag = "users",
    params(("id" = i64, Path, description = "The numeric key")), responses(
    (status = 204),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn delete(
    State(store): Db,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    if store.delete_user(id).await.map_err(problem)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("user"))
    }
}
