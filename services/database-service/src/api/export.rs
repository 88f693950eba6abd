//! `/users/export`: all rows as a stream.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::SecondsFormat;
use domain::UserFilter;
use futures::StreamExt;
use runtime::{Problem, Query, http::problem::ProblemBody};
use store::{StoreError, User, wire::SNAPSHOT_TIME};

use super::{Db, PROBLEM, problem};

/// Room for the line of a row, in bytes; it grows where that is not enough.
const LINE_BYTES: usize = 256;

/// All users that pass the filter, by ascending id, one JSON object a line, from one snapshot.
///
/// A body that breaks off is not complete: the connection is closed without the end of the body.
#[utoipa::path(get, path = "/users/export", tag = "users", params(UserFilter), responses(
    (status = 200, description = "One user a line", body = User,
     content_type = "application/x-ndjson",
     headers(("x-snapshot-time" = String, description = "The moment of the snapshot (RFC 3339)"))),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn export(
    State(store): Db,
    Query(filter): Query<UserFilter>,
) -> Result<Response, Problem> {
    let rows = store.export_users(&filter).await.map_err(problem)?;
    let taken_at = rows.taken_at().to_rfc3339_opts(SecondsFormat::Micros, true);
    let body = Body::from_stream(rows.map(|parcel| lines(parcel).inspect_err(tell)));
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (HeaderName::from_static(SNAPSHOT_TIME), taken_at),
    ];
    Ok((headers, body).into_response())
}

/// The lines of some rows.
fn lines(parcel: Result<Vec<User>, StoreError>) -> Result<Bytes, StoreError> {
    let rows = parcel?;
    let mut lines = Vec::with_capacity(rows.len() * LINE_BYTES);
    for user in &rows {
        serde_json::to_writer(&mut lines, user).map_err(|e| StoreError::Failed(e.to_string()))?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

fn tell(error: &StoreError) {
    tracing::warn!(%error, "an export was cut off");
}
