//! Pages rendered by the server, in the same frame and style as the web app.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use minijinja::{Environment, Value, context};
use rust_embed::RustEmbed;
use tracing::error;
use utoipa_axum::router::OpenApiRouter;

use super::assets;

/// The inner parts of the pages.
#[derive(RustEmbed)]
#[folder = "web/pages/"]
struct Inner;

/// The frame around them, made by the web app's build.
const FRAME: &str = "page.html";
/// What a page says when the web app was not built.
const NOT_BUILT: &str = "<!doctype html><title>UserStream</title><h1>The web app is not built</h1>\
    <p>Run <code>make build</code>, then start UserStream again. The API works meanwhile.</p>";

/// The pages.
pub(crate) struct Site {
    templates: Environment<'static>,
}

impl Site {
    /// Reads the templates; a mistake in one is found now rather than by a person.
    pub(crate) fn load() -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        for name in Inner::iter() {
            if let Some(file) = Inner::get(&name) {
                let source = String::from_utf8_lossy(&file.data).into_owned();
                templates.add_template_owned(name.into_owned(), source)?;
            }
        }
        if let Some(frame) = assets::text(FRAME) {
            templates.add_template_owned(FRAME, frame)?;
        } else {
            error!("the web app is not built: run `make build`; until then pages say so");
        }
        Ok(Self { templates })
    }

    /// A page of a title and an inner part.
    pub(crate) fn page(&self, title: &str, inner: &str, context: Value) -> Html<String> {
        let Ok(frame) = self.templates.get_template(FRAME) else {
            return Html(NOT_BUILT.to_owned());
        };
        let rendered = self.templates.get_template(inner).and_then(|t| t.render(context)).and_then(
            |content| frame.render(context! { title, content => Value::from_safe_string(content) }),
        );
        Html(rendered.unwrap_or_else(|cause| {
            error!(%cause, page = inner, "a page could not be rendered");
            "<!doctype html><title>UserStream</title><h1>Something went wrong</h1>".to_owned()
        }))
    }

    /// The web app and its files.
    pub(crate) fn routes(self: Arc<Self>) -> OpenApiRouter {
        OpenApiRouter::new()
            .route("/", get(start))
            .route("/admin", get(console).with_state(self))
            .route("/favicon.svg", get(assets::favicon))
            .route("/assets/{file}", get(assets::asset))
    }
}

/// What stands where the console will.
async fn console(State(site): State<Arc<Site>>) -> Html<String> {
    let context = context! {
        heading => "The console is not part of this version",
        text => "Everything it will do can be done by its calls, with the administrator's login. \
                 They are documented, and can be tried, on the page behind the button.",
        action_label => "Open the documentation",
        action_url => "/api-docs",
    };
    site.page("Console", "message.html", context)
}

async fn start(headers: HeaderMap) -> Response {
    let page = assets::file_response("index.html", &headers);
    if page.status() == StatusCode::NOT_FOUND {
        return (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response();
    }
    page
}
