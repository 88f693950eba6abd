//! The language a person asks for.

use axum::http::{HeaderMap, header};

/// The longest language tag kept, in bytes (RFC 5646, section 4.4.1).
const MAX_TAG: usize = 35;

/// The most preferred language tag of `Accept-Language` (RFC 9110, section 12.5.4).
pub(super) fn preferred(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(&str, f32)> = None;
    for item in header.split(',').take(20) {
        let (tag, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok());
        let tag = tag.trim();
        match weight {
            Some(weight) if weight > 0.0 && is_tag(tag) && best.is_none_or(|(_, b)| weight > b) => {
                best = Some((tag, weight));
            }
            _ => {}
        }
    }
    best.map(|(tag, _)| tag.to_owned())
}

fn is_tag(tag: &str) -> bool {
    (2..=MAX_TAG).contains(&tag.len())
        && tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_tag_wins() {
        let of = |v: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, v.parse().unwrap());
            preferred(&headers)
        };
        assert_eq!(of("de-AT,de;q=0.9,en;q=0.8").as_deref(), Some("de-AT"));
        assert_eq!(of("en;q=0.5, ar;q=0.9").as_deref(), Some("ar"));
        assert_eq!(of("*"), None);
        assert_eq!(of("de;q=0"), None);
        assert_eq!(of("<script>,en").as_deref(), Some("en"));
    }
}
