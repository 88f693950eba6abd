//! Pages rendered by the server, in the same frame and style as the web app.

use std::collections::HashMap;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use minijinja::{Environment, Value, context};
use runtime::{Problem, Query};
use rust_embed::RustEmbed;
use serde::Deserialize;
use tracing::error;
use url::Position;
use utoipa_axum::router::OpenApiRouter;

use super::assets;
use crate::{language::Language, origin::Origin};

/// The inner parts of the pages.
#[derive(RustEmbed)]
#[folder = "web/pages/"]
struct Inner;

/// What they say, in every language.
const WORDS: &str = include_str!("../../web/pages/words.json");
/// What a page says when the web app was not built.
const NOT_BUILT: &str = "<!doctype html><title>UserStream</title><h1>The web app is not built</h1>\
    <p>Run <code>make build</code>, then start UserStream again. The API works meanwhile.</p>";

/// How long a build takes, about.
const BUILD_SECONDS: &str = "120";

/// Whether the site is a host that speaks HTTPS. What a browser is told of `localhost` holds for all
/// that is developed there.
fn has_https_to_itself(public_url: &str) -> bool {
    let host = public_url.strip_prefix("https://").map(|rest| rest.split([':', '/']).next());
    host.flatten().is_some_and(|host| host != "localhost")
}

/// The pages.
pub(crate) struct Site {
    templates: Environment<'static>,
    words: HashMap<String, Value>,
    /// Whether browsers are told to come by HTTPS and nothing else.
    pub(super) https_only: bool,
}

impl Site {
    /// Reads the templates and their words; a mistake in one is found now rather than by a person.
    pub(crate) fn load(public_url: &str) -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        for name in Inner::iter().filter(|name| name.ends_with(".html")) {
            if let Some(file) = Inner::get(&name) {
                let source = String::from_utf8_lossy(&file.data).into_owned();
                templates.add_template_owned(name.into_owned(), source)?;
            }
        }
        for language in Language::ALL {
            let frame = frame(language);
            let Some(source) = assets::text(&frame) else {
                error!("the web app is not built: run `make build`; until then pages say so");
                break;
            };
            templates.add_template_owned(frame, source)?;
        }
        let words = serde_json::from_str(WORDS).map_err(|error| {
            minijinja::Error::new(minijinja::ErrorKind::BadSerialization, error.to_string())
        })?;
        Ok(Self { templates, words, https_only: has_https_to_itself(public_url) })
    }

    /// A page by the name of its inner part, in the language of the request in hand.
    pub(crate) fn page(&self, name: &str, context: Value) -> Html<String> {
        let words = self.words();
        let title = words.get_attr(name).and_then(|words| words.get_attr("title"));
        self.render(name, title.unwrap_or_default(), &words, context)
    }

    /// A page that says something, by the name of what it says, and names the request where that helps.
    pub(crate) fn message(&self, message: &str, request_id: Option<&str>) -> Html<String> {
        let words = self.words();
        let heading = words
            .get_attr("messages")
            .and_then(|messages| messages.get_attr(message)?.get_attr("heading"));
        let context = context! { message, request_id };
        self.render("message", heading.unwrap_or_default(), &words, context)
    }

    fn words(&self) -> Value {
        self.words.get(Language::current().tag()).cloned().unwrap_or_default()
    }

    fn render(&self, name: &str, title: Value, words: &Value, facts: Value) -> Html<String> {
        let Ok(frame) = self.templates.get_template(&frame(Language::current())) else {
            return Html(NOT_BUILT.to_owned());
        };
        let inner = self.templates.get_template(&format!("{name}.html"));
        let content = inner.and_then(|t| t.render(context! { words, ..facts }));
        let rendered = content.and_then(|content| {
            frame.render(context! { title, content => Value::from_safe_string(content) })
        });
        Html(rendered.unwrap_or_else(|cause| {
            error!(%cause, page = name, "a page could not be rendered");
            "<!doctype html><title>UserStream</title><h1>Something went wrong</h1>".to_owned()
        }))
    }

    /// The web app and its files, of a site at `origin`.
    pub(crate) fn routes(origin: Origin) -> OpenApiRouter {
        OpenApiRouter::new()
            .route("/", get(start))
            .route("/admin", get(console))
            .route("/admin/", get(console))
            .route("/admin/{*page}", get(console))
            .route("/favicon.svg", get(assets::favicon))
            .route("/assets/{file}", get(assets::asset))
            .with_state(origin)
    }
}

/// The frame around a page, made by the web app's build.
fn frame(language: Language) -> String {
    format!("page.{}.html", language.tag())
}

/// `?language=`
#[derive(Deserialize)]
struct StartQuery {
    language: Option<String>,
}

/// The public page; with a language, remembers it and goes back to the page where it was chosen. What else is
/// asked is no matter.
async fn start(
    State(origin): State<Origin>,
    query: Result<Query<StartQuery>, Problem>,
    headers: HeaderMap,
) -> Response {
    let tag = query.ok().and_then(|Query(query)| query.language);
    if let Some(language) = tag.as_deref().and_then(Language::of_tag) {
        let back = Redirect::to(&chosen_on(&origin, &headers));
        return ([(header::SET_COOKIE, language.cookie(&origin))], back).into_response();
    }
    built("index", &headers)
}

/// The page on which a language was chosen, as far as it can be shown again; else the public page.
fn chosen_on(origin: &Origin, headers: &HeaderMap) -> String {
    let page = origin.referer(headers).filter(|url| {
        let first = url.path_segments().and_then(|mut segments| segments.next());
        matches!(first, Some("admin" | "confirm" | "leave" | "registered" | "reports"))
    });
    page.map_or_else(
        || "/".to_owned(),
        |url| url[Position::BeforePath..Position::AfterQuery].into(),
    )
}

/// The console: one page, whatever the address below it.
async fn console(headers: HeaderMap) -> Response {
    built("admin", &headers)
}

/// A page of the build in the language of a request.
fn built(page: &str, headers: &HeaderMap) -> Response {
    let language = Language::of_request(headers);
    let name = format!("{page}.{}.html", language.tag());
    let mut response = assets::file_response(&name, headers);
    if response.status() == StatusCode::NOT_FOUND {
        let retry_after = [(header::RETRY_AFTER, BUILD_SECONDS)];
        return (StatusCode::SERVICE_UNAVAILABLE, retry_after, Html(NOT_BUILT)).into_response();
    }
    let vary = HeaderValue::from_static("accept-encoding, accept-language, cookie");
    response.headers_mut().insert(header::VARY, vary);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of a value: its keys, without its words.
    fn keys(value: &serde_json::Value, at: &str, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    keys(value, &format!("{at}.{name}"), found);
                }
            }
            serde_json::Value::String(text) => {
                assert!(!text.is_empty(), "{at}");
                found.push(at.to_owned());
            }
            _ => panic!("{at} is no text"),
        }
    }

    #[test]
    fn a_page_that_is_not_built_says_when_to_look_again() {
        let response = built("nowhere", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn whoever_chooses_a_language_stays_where_they_are() {
        let site = Origin::new("https://example.org", "http");
        let on = |referer: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("backend:3000"));
            headers.insert(header::REFERER, HeaderValue::from_static(referer));
            chosen_on(&site, &headers)
        };
        assert_eq!(on("https://example.org/confirm/ab12"), "/confirm/ab12");
        assert_eq!(on("https://example.org/admin/registrations?q=a#b"), "/admin/registrations?q=a");
        for elsewhere in [
            "https://example.org/",
            "https://example.org/api/registrations",
            "https://example.org//evil.example/confirm/ab12",
            "https://evil.example/confirm/ab12",
            "http://example.org/confirm/ab12",
            "/confirm/ab12",
            "data:text/html,confirm",
        ] {
            assert_eq!(on(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(chosen_on(&site, &HeaderMap::new()), "/");
    }

    #[test]
    fn every_language_says_everything() {
        let words: HashMap<String, serde_json::Value> = serde_json::from_str(WORDS).unwrap();
        let shapes = Language::ALL.map(|language| {
            let mut found = Vec::new();
            keys(&words[language.tag()], "", &mut found);
            found
        });
        assert_eq!(shapes[0], shapes[1]);
        assert_eq!(shapes[0], shapes[2]);
    }
}
