//! From a template and a claim to an e-mail.

use std::{collections::BTreeMap, time::SystemTime};

use chrono::{DateTime, Utc};
use domain::{Link, LinkKeys, NotificationId, RegistrationId, template};
use lettre::{
    Address,
    message::{
        Body, Mailbox, Mailboxes, MultiPart, SinglePart,
        header::{self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers},
    },
};
use minijinja::{Value, value::Serde};
use serde_json::Map;
use store::Mail;
use uuid::Uuid;

use crate::{
    attachments::Attachment,
    templates::{Facts, Mistake, Rendered, Texts, link},
};

/// Characters of a line that every mail server takes (RFC 5322, 2.1.1).
const MAX_LINE: usize = 998;

/// Why an e-mail cannot be written. Repeating cannot mend it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    /// The request names a template that is not there.
    #[error("there is no template {0:?}")]
    Unknown(String),
    /// The template has a mistake, or the request lacks something that it speaks of.
    #[error("the template cannot be filled in: {0}")]
    Mistake(Mistake),
    /// A link of the request leads to somebody else.
    #[error("{0} does not lead to PUBLIC_URL")]
    ForeignLink(String),
    /// The person did not register by themselves.
    #[error("there is no registration to confirm: the person was entered by hand")]
    NothingToConfirm,
    /// Nobody can be written to at this address.
    #[error("the address cannot be written to: {0}")]
    Address(String),
}

/// What an e-mail's headers tell.
struct Head<'a> {
    id: NotificationId,
    written_at: DateTime<Utc>,
    to: Address,
    locale: &'a str,
    leave_url: Option<String>,
}

/// Writes e-mails.
#[derive(Clone)]
pub(crate) struct Composer {
    from: Mailbox,
    public_url: String,
    links: LinkKeys,
}

impl Composer {
    pub(crate) fn new(from: Mailbox, public_url: String, links: LinkKeys) -> Self {
        Self { from, public_url, links }
    }

    /// Where links lead.
    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The address, and the e-mail as it goes over the wire (RFC 5322). The same claim always gives the
    /// same `Message-ID` and `Date`.
    pub(crate) fn compose(
        &self,
        texts: &Texts,
        mail: &Mail,
        template: &str,
        context: &Map<String, serde_json::Value>,
        attachment: Option<Attachment>,
    ) -> Result<(Address, Vec<u8>), ComposeError> {
        let text = texts
            .nearest(template, mail.locale.as_deref())
            .ok_or_else(|| ComposeError::Unknown(template.to_owned()))?;
        let facts = Facts {
            name: &mail.name,
            surname: &mail.surname,
            more: self.facts(mail, template, context)?,
        };
        let rendered = texts.render(text, facts).map_err(ComposeError::Mistake)?;
        let to = mail.email.parse::<Address>();
        let to = to.map_err(|e| ComposeError::Address(e.to_string()))?;
        let head = Head {
            id: mail.notification_id,
            written_at: mail.created_at,
            to: to.clone(),
            locale: &text.locale,
            leave_url: self.leave_url(mail, template),
        };
        Ok((to, self.write(head, &rendered, attachment)))
    }

    /// An e-mail that shows a text to who writes it.
    pub(crate) fn compose_test(
        &self,
        to: Address,
        locale: &str,
        rendered: &Rendered,
    ) -> (NotificationId, Vec<u8>) {
        let id = NotificationId(Uuid::now_v7());
        let head = Head { id, written_at: Utc::now(), to, locale, leave_url: None };
        (id, self.write(head, rendered, None))
    }

    /// Puts an e-mail together here: the builder of whole messages reads what it has just written, several
    /// times.
    fn write(
        &self,
        head: Head<'_>,
        rendered: &Rendered,
        attachment: Option<Attachment>,
    ) -> Vec<u8> {
        let domain = self.from.email.domain();
        let mut headers = Headers::new();
        headers.set(header::From::from(Mailboxes::from(self.from.clone())));
        // The address alone: a name is the person's to choose, and stays out of headers.
        headers.set(header::To::from(Mailboxes::from(Mailbox::new(None, head.to))));
        headers.set(header::Subject::from(rendered.subject.clone()));
        headers.set(header::MessageId::from(format!("<{}@{domain}>", head.id)));
        headers.set(header::Date::from(SystemTime::from(head.written_at)));
        let mut set = |name, value: &str| {
            let name = HeaderName::new_from_ascii_str(name);
            headers.insert_raw(HeaderValue::new(name, value.to_owned()));
        };
        // RFC 3834: no holiday notices in answer, please.
        set("Auto-Submitted", "auto-generated");
        set("Content-Language", head.locale);
        if let Some(url) = head.leave_url {
            set("List-Unsubscribe", &format!("<{url}>"));
            // RFC 8058 has mail programs do it by themselves, where nobody can listen.
            if url.starts_with("https:") {
                set("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
            }
        }
        headers.set(header::MIME_VERSION_1_0);
        let texts = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &rendered.text))
            .singlepart(part(ContentType::TEXT_HTML, &rendered.html));
        let mut message = headers.to_string().into_bytes();
        message.extend(match attachment {
            None => texts.formatted(),
            Some(file) => {
                MultiPart::mixed().multipart(texts).singlepart(file.into_part()).formatted()
            }
        });
        message
    }

    /// What an e-mail speaks of beside the person: what the request says, and what is ours to say.
    fn facts(
        &self,
        mail: &Mail,
        template: &str,
        context: &Map<String, serde_json::Value>,
    ) -> Result<BTreeMap<String, Value>, ComposeError> {
        let mut facts = BTreeMap::new();
        for (name, value) in context {
            let value = match (name.ends_with("_url"), value.as_str()) {
                (false, _) => Value::from(Serde(value)),
                (true, Some(url)) if self.is_ours(url) => link(url),
                (true, _) => return Err(ComposeError::ForeignLink(name.clone())),
            };
            facts.insert(name.clone(), value);
        }
        let confirm_url = match (template, mail.registration_id) {
            (template::CONFIRMATION, None) => return Err(ComposeError::NothingToConfirm),
            (template::ALREADY_REGISTERED, _) if mail.confirmed => None,
            (template::CONFIRMATION | template::ALREADY_REGISTERED, id) => {
                id.map(|id| self.url(Link::Confirm, id, mail))
            }
            _ => None,
        };
        let leave_url = self.leave_url(mail, template);
        for (name, url) in [("confirm_url", confirm_url), ("leave_url", leave_url)] {
            facts.insert(name.into(), url.map_or_else(|| Value::from(()), |url| link(&url)));
        }
        facts.insert("public_url".into(), link(&self.public_url));
        Ok(facts)
    }

    /// Whether a link leads to our own pages.
    fn is_ours(&self, url: &str) -> bool {
        url.strip_prefix(&self.public_url).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Where a person leaves the list: told in what the list sends, and not while they are not on it yet.
    /// Who was entered by hand has no registration to name.
    fn leave_url(&self, mail: &Mail, template: &str) -> Option<String> {
        let id = mail.registration_id.filter(|_| template == template::WELCOME)?;
        Some(self.url(Link::Leave, id, mail))
    }

    fn url(&self, to: Link, id: RegistrationId, mail: &Mail) -> String {
        self.links.url(&self.public_url, to, id.0, mail.created_at)
    }
}

/// A text as it goes over the wire: as it is where every mail server takes that, encoded otherwise.
fn part(content_type: ContentType, text: &str) -> SinglePart {
    let lines = || text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let wired = lines().collect::<Vec<_>>().join("\r\n");
    let is_plain = text.is_ascii()
        && lines().all(|line| line.len() <= MAX_LINE && !line.contains(['\r', '\0']));
    let body = if is_plain {
        Body::dangerous_pre_encoded(wired.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(wired)
    };
    SinglePart::builder().header(content_type).body(body)
}

#[cfg(test)]
mod tests {
    use mail_parser::{Address as Parsed, MessageParser, MimeHeaders};
    use serde_json::json;

    use super::*;
    use crate::templates::names;

    fn composer() -> Composer {
        let from = "UserStream <no-reply@example.com>".parse().unwrap();
        let keys = LinkKeys::derive(b"secret", []);
        Composer::new(from, "https://example.org".into(), keys)
    }

    fn mail(name: &str, locale: Option<&str>) -> Mail {
        Mail {
            notification_id: NotificationId(Uuid::from_u128(7)),
            name: name.into(),
            surname: "Lovelace".into(),
            email: "ada@example.com".into(),
            registration_id: Some(RegistrationId(Uuid::from_u128(1))),
            confirmed: false,
            locale: locale.map(Into::into),
            created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
            attempts: 0,
        }
    }

    fn context(template: &str) -> Map<String, serde_json::Value> {
        let report = json!({
            "report_name": "All <registrations>", "record_count": 40_000,
            "download_url": "https://example.org/reports/5a5a",
        });
        let serde_json::Value::Object(report) = report else { panic!() };
        if template == template::REPORT_READY { report } else { Map::new() }
    }

    fn compose(mail: &Mail, template: &str) -> Result<Vec<u8>, ComposeError> {
        let texts = Texts::new(Vec::new());
        composer().compose(&texts, mail, template, &context(template), None).map(|(_, bytes)| bytes)
    }

    #[test]
    fn a_file_goes_along_byte_for_byte() {
        let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let file = Attachment {
            file_name: "Gäste \"heute\" 2026-05-06.xlsx".into(),
            media_type: ContentType::parse("application/x-table").unwrap(),
            bytes: bytes.clone(),
        };
        let (texts, template) = (Texts::new(Vec::new()), template::REPORT_READY);
        let to = mail("", Some("en"));
        let composed =
            composer().compose(&texts, &to, template, &context(template), Some(file)).unwrap();
        let parsed = MessageParser::new().parse(&composed.1).unwrap();
        assert!(parsed.body_text(0).unwrap().starts_with("Hello,"), "nobody is named");
        assert!(parsed.body_html(0).is_some());
        let attached = parsed.attachment(0).unwrap();
        assert_eq!(attached.contents(), bytes);
        assert_eq!(attached.attachment_name(), Some("Gäste \"heute\" 2026-05-06.xlsx"));
        assert_eq!(parsed.attachment_count(), 1);
    }

    /// Every e-mail in every language, as an independent reader finds it.
    #[test]
    fn every_mail_is_as_it_was() {
        for template in names() {
            for locale in ["en", "de", "ar"] {
                let bytes = compose(&mail("Ada", Some(locale)), template).unwrap();
                let read = MessageParser::default().parse(&bytes).unwrap();
                let (text, html) = (read.body_text(0).unwrap(), read.body_html(0).unwrap());
                let subject = read.subject().unwrap();
                let whole = format!("Subject: {subject}\n\n{text}\n----\n{html}").replace('\r', "");
                insta::assert_snapshot!(format!("{template}-{locale}"), whole);
            }
        }
        let confirmed = Mail { confirmed: true, ..mail("Ada", None) };
        let bytes = compose(&confirmed, template::ALREADY_REGISTERED).unwrap();
        let read = MessageParser::default().parse(&bytes).unwrap();
        insta::assert_snapshot!(
            "already_registered-confirmed",
            read.body_text(0).unwrap().replace('\r', "")
        );
    }

    #[test]
    fn every_mail_has_its_headers() {
        let bytes = compose(&mail("Ada", Some("de-CH")), template::CONFIRMATION).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        for wanted in [
            "From: UserStream <no-reply@example.com>\r\n",
            "To: ada@example.com\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000007@example.com>\r\n",
            "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Language: de\r\n",
            "multipart/alternative",
            "text/plain; charset=utf-8",
            "text/html; charset=utf-8",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
    }

    #[test]
    fn what_the_list_sends_says_how_to_leave_it() {
        let keys = LinkKeys::derive(b"secret", []);
        let ada = mail("Ada", None);
        let token = keys.sign(Link::Leave, ada.registration_id.unwrap().0, ada.created_at);
        let text = String::from_utf8(compose(&ada, template::WELCOME).unwrap()).unwrap();
        let url = format!("https://example.org/leave/{token}");
        assert!(text.contains(&format!("List-Unsubscribe: <{url}>\r\n")), "{text}");
        assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
        let confirmation = compose(&ada, template::CONFIRMATION).unwrap();
        let by_hand = Mail { registration_id: None, ..ada };
        let by_hand = compose(&by_hand, template::WELCOME).unwrap();
        for without in [confirmation, by_hand] {
            let text = String::from_utf8(without).unwrap();
            assert!(!text.contains("nsubscribe") && !text.contains("/leave/"), "{text}");
        }
    }

    /// None of these passes the rules for names; a row that another program wrote may have one.
    #[test]
    fn a_hostile_name_is_text_and_nothing_else() {
        let long = "W".repeat(100);
        for name in [
            "Ada\r\nBcc: x@example.com\r\n\r\n<script>",
            "\"Ada\" 'Byron' & sons",
            "<img src=x onerror=alert(1)>",
            "{{ confirm_url }}{% if %}",
            "\u{202e}עדה \u{2066}",
            "👩\u{200d}💻",
            "=?utf-8?q?=0d=0aBcc:?=",
            &long,
        ] {
            for template in names() {
                let bytes = compose(&mail(name, None), template).unwrap();
                let read = MessageParser::default().parse(&bytes).unwrap();
                let headers: Vec<_> = read.headers().iter().map(|h| h.name().to_owned()).collect();
                let mut expected = vec![
                    "From",
                    "To",
                    "Subject",
                    "Message-ID",
                    "Date",
                    "Auto-Submitted",
                    "Content-Language",
                    "MIME-Version",
                    "Content-Type",
                ];
                if template == template::WELCOME {
                    expected.splice(7..7, ["List-Unsubscribe", "List-Unsubscribe-Post"]);
                }
                assert_eq!(headers, expected, "{name}");
                let Some(Parsed::List(to)) = read.to() else { panic!("{name}") };
                assert_eq!((to.len(), to[0].address()), (1, Some("ada@example.com")));
                assert!(!read.subject().unwrap().contains(name));
                assert_eq!(read.parts.len(), 3, "{name}");
                assert!(read.text_part(0).unwrap().is_content_type("text", "plain"));
                let text = read.body_text(0).unwrap();
                let lines = |text: &str| text.replace("\r\n", "\n");
                assert!(lines(&text).contains(&lines(name)), "{name}\n{text}");
                let html = read.body_html(0).unwrap();
                for tag in ["<script", "<img"] {
                    assert!(!html.contains(tag), "{html}");
                }
            }
        }
    }

    #[test]
    fn a_language_without_a_text_falls_back() {
        for (locale, subject) in [
            (Some("de-CH"), "Ihre Adresse ist bestätigt"),
            (Some("ar_EG"), "تم تأكيد عنوانك"),
            (Some("fr"), "Your address is confirmed"),
            (Some("not a tag"), "Your address is confirmed"),
            (None, "Your address is confirmed"),
        ] {
            let bytes = compose(&mail("Ada", locale), template::WELCOME).unwrap();
            let read = MessageParser::default().parse(&bytes).unwrap();
            assert_eq!(read.subject(), Some(subject), "{locale:?}");
        }
    }

    #[test]
    fn what_cannot_be_written_says_why() {
        let told = |mail: &Mail, template: &str, context: serde_json::Value| {
            let serde_json::Value::Object(context) = context else { panic!() };
            let texts = Texts::new(Vec::new());
            composer().compose(&texts, mail, template, &context, None).unwrap_err().to_string()
        };
        let ada = mail("Ada", None);
        assert_eq!(told(&ada, "newsletter", json!({})), r#"there is no template "newsletter""#);
        let by_hand = Mail { registration_id: None, created_at: Utc::now(), ..ada.clone() };
        let error = told(&by_hand, template::CONFIRMATION, json!({}));
        assert!(error.contains("entered by hand"), "{error}");
        let error = told(&ada, template::REPORT_READY, json!({"report_name": "All"}));
        assert!(error.contains("text: line 3"), "{error}");
        for url in
            ["https://example.org.evil.test/", "javascript:alert(1)", "https://example.orgx/"]
        {
            let error = told(&ada, template::REPORT_READY, json!({"download_url": url}));
            assert_eq!(error, "download_url does not lead to PUBLIC_URL");
        }
    }
}
