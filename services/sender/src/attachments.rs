//! Reports that travel in the e-mail that tells of them.

use std::{fmt::Display, time::Duration};

use domain::ReportId;
use lettre::message::{
    self, Body, SinglePart,
    header::{ContentTransferEncoding, ContentType},
};
use runtime::ServiceClient;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::timeout;
use tracing::warn;

/// The field of a request's context that asks for one.
const FIELD: &str = "attachment";
/// How long it may take to come: well within the time that a claim holds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest that is sent, in bytes: mail servers take no e-mail that is much larger.
const MAX_BYTES: usize = 10 * 1024 * 1024;

/// A file that goes along with an e-mail.
pub(crate) struct Attachment {
    pub(crate) file_name: String,
    pub(crate) media_type: ContentType,
    pub(crate) bytes: Vec<u8>,
}

impl Attachment {
    /// The file as a part of an e-mail.
    pub(crate) fn into_part(self) -> SinglePart {
        // Never as it is: it comes out byte for byte.
        let body = Body::new_with_encoding(self.bytes, ContentTransferEncoding::Base64);
        let body = body.unwrap_or_else(Body::new);
        message::Attachment::new(self.file_name).body(body, self.media_type)
    }
}

/// What the context says of it.
#[derive(Debug, Deserialize)]
struct Wanted {
    report_id: ReportId,
    file_name: String,
    media_type: String,
}

/// Brings reports here.
#[derive(Clone)]
pub(crate) struct Attachments {
    generator: ServiceClient,
}

impl Attachments {
    pub(crate) fn new(generator: ServiceClient) -> Self {
        Self { generator }
    }

    /// The file that a request asks for. None where it asks for none, or where the file does not come: the
    /// e-mail has a link to it anyway, and goes out without.
    pub(crate) async fn fetch(&self, context: &Map<String, Value>) -> Option<Attachment> {
        let unclear = |error: &dyn Display| warn!(%error, "an attachment is not as agreed");
        let wanted = Wanted::deserialize(context.get(FIELD)?);
        let Wanted { report_id, file_name, media_type } =
            wanted.inspect_err(|error| unclear(error)).ok()?;
        let media_type = media_type.parse::<ContentType>();
        let media_type = media_type.inspect_err(|error| unclear(error)).ok()?;
        let fetched = timeout(PATIENCE, self.read(report_id)).await;
        match fetched.unwrap_or_else(|_| Err("it did not come in time".into())) {
            Ok(bytes) => Some(Attachment { file_name, media_type, bytes }),
            Err(cause) => {
                warn!(%report_id, cause, "an e-mail goes out without its attachment");
                None
            }
        }
    }

    async fn read(&self, id: ReportId) -> Result<Vec<u8>, String> {
        let path = format!("/reports/{id}/download");
        let answer = self.generator.request(reqwest::Method::GET, &path).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let mut answer = answer.map_err(|error| error.without_url().to_string())?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| e.without_url().to_string())? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_BYTES {
                return Err(format!("it has more than {MAX_BYTES} bytes"));
            }
        }
        Ok(bytes)
    }
}
