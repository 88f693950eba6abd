//! Where people reach the site.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use url::Url;

/// The site's own origin (RFC 6454).
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// As browsers write it in `Origin`.
    public: Arc<str>,
    https: bool,
}

impl Origin {
    /// That of a site at a public address, whose listener speaks `scheme`.
    pub(crate) fn new(public_url: &str, scheme: &str) -> Self {
        let public = Url::parse(public_url).map(|u| u.origin().ascii_serialization());
        let public = public.unwrap_or_default();
        Self { https: scheme == "https" || public.starts_with("https:"), public: public.into() }
    }

    /// The end of a cookie: one that came by HTTPS goes by nothing else.
    pub(crate) fn secure(&self) -> &'static str {
        if self.https { "; Secure" } else { "" }
    }

    /// Whether an origin is the site's own, for a request with these headers. The address that the browser
    /// used counts too: a laptop is `localhost` and `127.0.0.1` alike.
    pub(crate) fn is_own(&self, origin: &str, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
        let plain = || origin.strip_prefix("http://").filter(|_| !self.https);
        let named = origin.strip_prefix("https://").or_else(plain);
        origin == &*self.public || (named.is_some() && named == host)
    }

    /// The page of the site, if it was one, that a person was on when they sent a request.
    pub(crate) fn referer(&self, headers: &HeaderMap) -> Option<Url> {
        let referer = headers.get(header::REFERER)?.to_str().ok()?;
        let url = Url::parse(referer).ok()?;
        self.is_own(&url.origin().ascii_serialization(), headers).then_some(url)
    }
}
