//! The door in front of a service's calls.

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use utoipa_axum::router::OpenApiRouter;

use super::{ServiceTokens, TokenError};
use crate::Problem;

/// Who presented a valid token; an extension of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(pub String);

#[derive(Clone)]
struct Door {
    tokens: ServiceTokens,
    audience: &'static str,
}

/// Asks for a valid token on every route of a router.
pub fn require<S: Clone + Send + Sync + 'static>(
    routes: OpenApiRouter<S>,
    tokens: &ServiceTokens,
    audience: &'static str,
) -> OpenApiRouter<S> {
    routes.route_layer(from_fn_with_state(Door { tokens: tokens.clone(), audience }, check))
}

async fn check(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
    let Some(token) = header.and_then(bearer) else {
        return refuse("Send a service token: Authorization: Bearer TOKEN.");
    };
    match door.tokens.verify(token, door.audience) {
        Ok(caller) => {
            request.extensions_mut().insert(Caller(caller));
            next.run(request).await
        }
        Err(TokenError::Invalid) => {
            refuse("The service token is not valid: it is forged, has ended or lives too long.")
        }
        Err(TokenError::Audience) => Problem::new(
            StatusCode::FORBIDDEN,
            format!("This token is for another service; its aud must be {}.", door.audience),
        )
        .into_response(),
    }
}

fn refuse(detail: &'static str) -> Response {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
    ([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response()
}

/// The credentials of the `Bearer` scheme (RFC 6750), whose name has no case.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
