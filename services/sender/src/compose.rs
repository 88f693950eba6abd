//! From a template and a claim to an e-mail.

use std::time::SystemTime;

use domain::{ConfirmationKeys, RegistrationId, template};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use rust_embed::RustEmbed;
use store::Mail;

/// The e-mails' texts, as files in `templates/`: `NAME.subject.txt`, `NAME.txt` and `NAME.html`.
#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

/// Whether there is a template of that name.
pub(crate) fn is_template(name: &str) -> bool {
    Templates::get(&format!("{name}.txt")).is_some()
}

/// Why an e-mail cannot be written. Repeating cannot mend it.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The request names a template that is not there.
    #[error("there is no template {0:?}")]
    Unknown(String),
    /// The template has a mistake.
    #[error("the template has a mistake: {0}")]
    Broken(#[from] minijinja::Error),
    /// The parts do not make an e-mail.
    #[error("the e-mail cannot be built: {0}")]
    Message(String),
}

/// Writes e-mails.
pub(crate) struct Composer {
    templates: Environment<'static>,
    from: Mailbox,
    public_url: String,
    confirmation: ConfirmationKeys,
}

impl Composer {
    /// Reads all templates; a mistake in one is found now rather than at the first e-mail.
    pub(crate) fn new(
        from: Mailbox,
        public_url: String,
        confirmation: ConfirmationKeys,
    ) -> Result<Self, TemplateError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|name| {
            let html = std::path::Path::new(name).extension().is_some_and(|e| e == "html");
            if html { AutoEscape::Html } else { AutoEscape::None }
        });
        for name in Templates::iter() {
            let file =
                Templates::get(&name).ok_or_else(|| TemplateError::Unknown(name.to_string()))?;
            let source = String::from_utf8_lossy(&file.data).into_owned();
            templates.add_template_owned(name.into_owned(), source)?;
        }
        Ok(Self { templates, from, public_url, confirmation })
    }

    /// The address, and the e-mail as it goes over the wire (RFC 5322). The same claim always gives the
    /// same `Message-ID` and `Date`.
    pub(crate) fn compose(
        &self,
        mail: &Mail,
        template: &str,
    ) -> Result<(Address, Vec<u8>), TemplateError> {
        let confirm_url = match (template, mail.registration_id) {
            (template::CONFIRMATION | template::ALREADY_REGISTERED, Some(id))
                if !mail.confirmed =>
            {
                Some(self.confirm_url(id, mail))
            }
            _ => None,
        };
        let context = context! {
            name => &mail.name,
            surname => &mail.surname,
            // Made of our own address and hexadecimal digits: nothing in it needs escaping.
            confirm_url => confirm_url.map(Value::from_safe_string),
            public_url => &self.public_url,
        };
        let render = |part: &str| -> Result<String, TemplateError> {
            let file = self
                .templates
                .get_template(&format!("{template}.{part}"))
                .map_err(|_| TemplateError::Unknown(template.to_owned()))?;
            Ok(file.render(&context)?)
        };
        let to: Address = mail.email.parse().map_err(|e| TemplateError::Message(format!("{e}")))?;
        let domain = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            // The address alone: a name is the person's to choose, and stays out of headers.
            .to(Mailbox::new(None, to.clone()))
            .subject(render("subject.txt")?.trim())
            .message_id(Some(format!("<{}@{domain}>", mail.notification_id)))
            .date(SystemTime::from(mail.created_at))
            // RFC 3834: no holiday notices in answer, please.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(MultiPart::alternative_plain_html(render("txt")?, render("html")?))
            .map_err(|e| TemplateError::Message(e.to_string()))?;
        Ok((to, message.formatted()))
    }

    fn confirm_url(&self, id: RegistrationId, mail: &Mail) -> String {
        let token = self.confirmation.sign(id, mail.created_at);
        format!("{}/confirm/{token}", self.public_url)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use domain::{NotificationId, UserId};
    use uuid::Uuid;

    use super::*;

    fn composer() -> Composer {
        let from = "UserStream <no-reply@example.com>".parse().unwrap();
        let keys = ConfirmationKeys::derive(b"secret", []);
        Composer::new(from, "https://example.org".into(), keys).unwrap()
    }

    fn mail(name: &str) -> Mail {
        Mail {
            notification_id: NotificationId(Uuid::from_u128(7)),
            user_id: UserId(1),
            name: name.into(),
            surname: "Lovelace".into(),
            email: "ada@example.com".into(),
            registration_id: Some(RegistrationId(Uuid::from_u128(1))),
            confirmed: false,
            locale: None,
            created_at: Utc::now(),
            attempts: 0,
        }
    }

    #[test]
    fn every_template_is_whole_and_has_both_parts() {
        for template in [template::CONFIRMATION, template::ALREADY_REGISTERED] {
            let text =
                String::from_utf8(composer().compose(&mail("Ada"), template).unwrap().1).unwrap();
            for wanted in [
                "From: UserStream <no-reply@example.com>\r\n",
                "To: ada@example.com\r\n",
                "Subject: ",
                "Message-ID: <00000000-0000-0000-0000-000000000007@example.com>\r\n",
                "Auto-Submitted: auto-generated\r\n",
                "multipart/alternative",
                "text/plain; charset=utf-8",
                "text/html; charset=utf-8",
            ] {
                assert!(text.contains(wanted), "{template}: {wanted}\n{text}");
            }
        }
    }

    #[test]
    fn a_name_is_never_markup_nor_a_header() {
        let hostile = mail("<b>Bcc: x@example.com</b>");
        let (_, bytes) = composer().compose(&hostile, template::CONFIRMATION).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (headers, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.contains("Bcc"));
        let html = body.split("text/html").nth(1).unwrap();
        assert!(!html.contains("<b>"), "{html}");
    }

    #[test]
    fn an_unknown_template_is_named() {
        let error = composer().compose(&mail("Ada"), "newsletter").unwrap_err();
        assert_eq!(error.to_string(), r#"there is no template "newsletter""#);
    }
}
