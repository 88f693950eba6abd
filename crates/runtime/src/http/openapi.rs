//! What holds for every call is written into the document here, not on every call.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use domain::FieldError;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder, path::Operation,
    },
};

use utoipa_axum::router::OpenApiRouter;

use super::problem::{Problem, ProblemBody};

/// Completes a document: what the door and the body's reader may answer, a description for every answer,
/// and operation ids that differ.
pub(super) fn complete(api: &mut OpenApi) {
    let schemas = &mut api.components.get_or_insert_default().schemas;
    schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    let mut times_used: BTreeMap<String, u32> = BTreeMap::new();
    for call in api.paths.paths.values_mut().flat_map(calls) {
        if let Some(id) = &call.operation_id {
            *times_used.entry(id.clone()).or_default() += 1;
        }
    }
    let calls_by_path = api.paths.paths.iter_mut();
    let calls_by_path = calls_by_path.flat_map(|(path, item)| calls(item).map(move |c| (path, c)));
    for (path, call) in calls_by_path {
        let id = call.operation_id.take();
        call.operation_id = id.map(|id| match (times_used.get(&id), &call.tags) {
            (Some(2..), Some(tags)) => format!("{id}_{}", tags.join("_")),
            _ => id,
        });
        if call.security.is_some() {
            add(call, StatusCode::UNAUTHORIZED, "No service token, or one that is not valid");
            add(call, StatusCode::FORBIDDEN, "A token for another service");
        }
        if call.request_body.is_some() {
            add(call, StatusCode::BAD_REQUEST, "Malformed JSON");
            add(call, StatusCode::PAYLOAD_TOO_LARGE, "A body larger than this call takes");
            add(call, StatusCode::UNSUPPORTED_MEDIA_TYPE, "A body that is not JSON");
            add(call, StatusCode::UNPROCESSABLE_ENTITY, "Fields that are not valid; see errors");
            add(call, StatusCode::REQUEST_TIMEOUT, "A body that did not arrive in time");
        }
        if path.contains('{') {
            add(call, StatusCode::NOT_FOUND, "There is nothing at this address");
        }
        for (status, response) in &mut call.responses.responses {
            if let RefOr::T(response) = response {
                describe(status, response);
            }
        }
    }
}

/// Adds a problem to every call of a router.
pub fn document<S: Clone + Send + Sync + 'static>(
    mut routes: OpenApiRouter<S>,
    status: StatusCode,
    description: &str,
) -> OpenApiRouter<S> {
    for call in routes.get_openapi_mut().paths.paths.values_mut().flat_map(calls) {
        add(call, status, description);
    }
    routes
}

/// The calls at one path.
fn calls(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch]
        .into_iter()
        .flatten()
}

/// Adds a problem; where the call says itself what this status means, as one more form of that answer.
fn add(call: &mut Operation, status: StatusCode, description: &str) {
    let responses = &mut call.responses.responses;
    let response = responses
        .entry(status.as_str().to_owned())
        .or_insert_with(|| ResponseBuilder::new().description(description).build().into());
    if let RefOr::T(response) = response {
        response.content.entry(Problem::MEDIA_TYPE.to_owned()).or_insert_with(|| {
            ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build().into()
        });
    }
}

/// Describes an answer by its status, where nothing was said about it.
fn describe(status: &str, response: &mut Response) {
    if response.description.is_empty() {
        let status = status.parse::<StatusCode>().ok();
        let reason = status.and_then(|s| s.canonical_reason()).unwrap_or("Answer");
        reason.clone_into(&mut response.description);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_holds_for_every_call_is_said_once() {
        let list = |tag: &str| {
            json!({"operationId": "list", "tags": [tag], "security": [{"service_token": []}],
                "responses": {"200": {}}})
        };
        let create = json!({"operationId": "create", "tags": ["users"], "requestBody": {"content": {}},
            "responses": {"422": {"description": "Its own words"}}});
        let mut api = serde_json::from_value(json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "paths": {"/users": {"get": list("users"), "post": create}, "/reports": {"get": list("reports")}},
        }))
        .unwrap();
        complete(&mut api);
        let api = serde_json::to_value(api).unwrap();
        let get = &api["paths"]["/users"]["get"];
        assert_eq!(get["operationId"], "list_users");
        assert_eq!(api["paths"]["/reports"]["get"]["operationId"], "list_reports");
        assert_eq!(get["responses"]["200"]["description"], "OK");
        let problem = &get["responses"]["401"]["content"]["application/problem+json"]["schema"];
        assert_eq!(problem["$ref"], "#/components/schemas/ProblemBody");
        assert!(api["components"]["schemas"]["ProblemBody"].is_object());
        assert!(get["responses"].get("400").is_none(), "it takes no body");
        let post = &api["paths"]["/users"]["post"];
        assert_eq!(post["operationId"], "create");
        assert_eq!(post["responses"]["422"]["description"], "Its own words");
        assert!(post["responses"].get("413").is_some());
        assert!(post["responses"].get("401").is_none(), "it wants no token");
    }
}
