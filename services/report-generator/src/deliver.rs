//! Tells people that a report is there.

use std::sync::Arc;

use domain::{
    EmailAddress, EmailRequested, Event, Link, LinkKeys, NotificationId, Recipient, template,
};
use queue::{EMAIL_NOTIFICATIONS, Queue};
use serde_json::{Map, Value, json};
use store::{Report, ReportStatus};

use crate::{
    Interruption,
    api::{file_name, media_type},
};

/// Asks for the e-mails that deliver reports.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) links: LinkKeys,
    /// What links start with.
    pub(crate) public_url: String,
    /// Files of so many bytes at the most go along with the e-mail; none where absent.
    pub(crate) attach_up_to: Option<u32>,
}

impl Delivery {
    /// Has a link to a finished report sent to each address. However often it is told, each gets one e-mail.
    pub(crate) async fn deliver(
        &self,
        report: &Report,
        to: Vec<EmailAddress>,
    ) -> Result<(), Interruption> {
        if to.is_empty() || report.status != ReportStatus::Done || report.file_path.is_none() {
            return Ok(());
        }
        let context = self.context(report);
        let events = to.into_iter().map(|address| {
            let data = EmailRequested {
                notification_id: NotificationId::of_delivery(report.report_id, &address),
                to: Recipient::Address(address),
                template: template::REPORT_READY.into(),
                context: context.clone(),
            };
            (Event::new(crate::SOURCE, data), None)
        });
        EMAIL_NOTIFICATIONS.publish(&*self.queue, events).await.map_err(Interruption::Queue)
    }

    /// What the e-mail speaks of.
    fn context(&self, report: &Report) -> Map<String, Value> {
        let made = report.generated_at.unwrap_or(report.requested_at);
        let url = self.links.url(&self.public_url, Link::Report, report.report_id.0, made);
        let mut fields = vec![
            ("report_id", report.report_id.to_string().into()),
            ("report_name", report.report_name.clone().into()),
            ("record_count", report.record_count.unwrap_or_default().into()),
            ("download_url", url.into()),
        ];
        let fits = report.size_bytes.zip(self.attach_up_to);
        if fits.is_some_and(|(size, most)| size <= most.into()) {
            let file = json!({
                "report_id": report.report_id,
                "file_name": file_name(report),
                "media_type": media_type(report),
            });
            fields.push(("attachment", file));
        }
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
