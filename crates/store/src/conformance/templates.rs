//! The e-mails' texts.

use super::AnyStore;
use crate::{NewTemplate, Template};

pub(crate) fn text(locale: &str, subject: &str) -> NewTemplate {
    NewTemplate {
        name: "welcome".into(),
        locale: locale.into(),
        subject: subject.into(),
        text: "Hello {{ name }}".into(),
        html: "<p>Hello {{ name }}</p>".into(),
    }
}

async fn save(store: &AnyStore, new: &NewTemplate) -> Template {
    store.save_template(new).await.unwrap()
}

pub async fn every_change_is_a_version(store: AnyStore) {
    assert_eq!(store.templates().await.unwrap(), []);
    let first = save(&store, &text("en", "One")).await;
    let second = save(&store, &text("en", "Two")).await;
    assert_eq!(
        (first.version, second.version),
        (2, 3),
        "1 is the text that comes with the program"
    );
    let expected = Template {
        name: "welcome".into(),
        locale: "en".into(),
        version: 3,
        subject: "Two".into(),
        text: "Hello {{ name }}".into(),
        html: "<p>Hello {{ name }}</p>".into(),
        updated_at: second.updated_at,
    };
    assert_eq!(second, expected);
    assert!(second.updated_at >= first.updated_at && first.updated_at.is_some());
    assert_eq!(store.templates().await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(store.template_versions("welcome", "en").await.unwrap(), [second, first]);
    assert_eq!(store.template_versions("welcome", "fr").await.unwrap(), []);
    assert_eq!(store.template_versions("a\0 b/?#", "../x").await.unwrap(), []);
}

pub async fn a_change_that_changes_nothing_is_no_version(store: AnyStore) {
    let first = save(&store, &text("en", "One")).await;
    assert_eq!(save(&store, &text("en", "One")).await, first);
    let second = save(&store, &text("en", "Two")).await;
    let third = save(&store, &text("en", "One")).await;
    assert_eq!((second.version, third.version), (3, 4), "a text of old is new again");
}

pub async fn each_language_has_versions_of_its_own(store: AnyStore) {
    let german = save(&store, &text("de", "Eins")).await;
    let english = save(&store, &text("en", "One")).await;
    let other = save(&store, &NewTemplate { name: "farewell".into(), ..text("en", "Bye") }).await;
    assert_eq!((german.version, english.version, other.version), (2, 2, 2));
    assert_eq!(store.templates().await.unwrap(), [other, german, english]);
}

pub async fn sources_survive(store: AnyStore) {
    let hostile = NewTemplate {
        subject: "'; DROP TABLE templates; -- \"👩‍👩‍👧\" \u{202e}".into(),
        text: "line\r\nline\n\ttab ".into(),
        html: "<p>{{ name|e }}</p>".repeat(2_000),
        ..text("en", "")
    };
    let saved = save(&store, &hostile).await;
    assert!(saved.says(&hostile));
    assert_eq!(store.templates().await.unwrap(), [saved]);
    let nul = save(&store, &text("en", "a\0b")).await;
    assert_eq!(nul.subject, "a\u{fffd}b");
}
