//! The language of a person: the one they chose, or the one their browser asks for.

use axum::http::{HeaderMap, header};

use crate::{cookie, origin::Origin};

/// The longest language tag kept, in bytes (RFC 5646, section 4.4.1).
const MAX_TAG: usize = 35;
/// Remembers a choice; it names a language and nobody.
const COOKIE: &str = "userstream_language";

tokio::task_local! {
    static CURRENT: Language;
}

/// A language that the pages are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    #[default]
    English,
    German,
    Arabic,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::English, Self::German, Self::Arabic];

    /// The tag in HTML, in the cookie and in the names of files.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Arabic => "ar",
        }
    }

    /// The language of a tag, whatever its region: `de-AT` is German.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }

    /// The language of the request in hand.
    pub(crate) fn current() -> Self {
        CURRENT.try_with(|language| *language).unwrap_or_default()
    }

    /// Has a request answered in a language.
    pub(crate) fn scope<F: Future>(self, answer: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, answer)
    }

    /// The language to answer a request in.
    pub(crate) fn of_request(headers: &HeaderMap) -> Self {
        let asked = || accepted(headers).into_iter().find_map(Self::of_tag);
        Self::chosen(headers).or_else(asked).unwrap_or_default()
    }

    /// The language that a person chose on a page.
    fn chosen(headers: &HeaderMap) -> Option<Self> {
        cookie::values(headers, COOKIE).find_map(Self::of_tag)
    }

    /// The cookie that remembers it for a year. The page reads it, too.
    pub(crate) fn cookie(self, origin: &Origin) -> String {
        let (tag, secure) = (self.tag(), origin.secure());
        format!("{COOKIE}={tag}; Path=/; Max-Age=31536000; SameSite=Lax{secure}")
    }
}

/// The language tag that a person's e-mails are to be in: the one they chose on the page, or else the most
/// preferred of their browser.
pub(crate) fn of_mails(headers: &HeaderMap) -> Option<String> {
    let chosen = Language::chosen(headers).map(Language::tag);
    chosen.or_else(|| accepted(headers).first().copied()).map(ToOwned::to_owned)
}

/// The tags of `Accept-Language` (RFC 9110, section 12.5.4), the most preferred first.
fn accepted(headers: &HeaderMap) -> Vec<&str> {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let mut tags: Vec<(&str, f32)> = header
        .unwrap_or_default()
        .split(',')
        .take(20)
        .filter_map(|item| {
            let (tag, weight) = item.split_once(';').unwrap_or((item, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok())?;
            let tag = tag.trim();
            (weight > 0.0 && is_tag(tag)).then_some((tag, weight))
        })
        .collect();
    tags.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    tags.into_iter().map(|(tag, _)| tag).collect()
}

fn is_tag(tag: &str) -> bool {
    (2..=MAX_TAG).contains(&tag.len())
        && tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asking(accept: &'static str, cookie: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
        headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        headers
    }

    #[test]
    fn the_heaviest_tag_wins() {
        let of = |accept| of_mails(&asking(accept, ""));
        assert_eq!(of("de-AT,de;q=0.9,en;q=0.8").as_deref(), Some("de-AT"));
        assert_eq!(of("en;q=0.5, ar;q=0.9").as_deref(), Some("ar"));
        assert_eq!(of("*"), None);
        assert_eq!(of("de;q=0"), None);
        assert_eq!(of("<script>,en").as_deref(), Some("en"));
    }

    #[test]
    fn a_page_is_in_the_first_language_that_it_can_be_in() {
        let of = |accept, cookie| Language::of_request(&asking(accept, cookie));
        assert_eq!(of("fr, de-CH;q=0.8, en;q=0.7", ""), Language::German);
        assert_eq!(of("ar-EG", "a=b"), Language::Arabic);
        assert_eq!(of("fr", ""), Language::English);
        assert_eq!(Language::of_request(&HeaderMap::new()), Language::English);
    }

    #[test]
    fn a_choice_outweighs_the_browser() {
        let chosen = asking("de", "x=1; userstream_language=ar");
        assert_eq!(Language::of_request(&chosen), Language::Arabic);
        assert_eq!(of_mails(&chosen).as_deref(), Some("ar"));
        let odd = asking("de", "userstream_language=<script>");
        assert_eq!(Language::of_request(&odd), Language::German);
    }
}
