//! The e-mails' texts.

use async_trait::async_trait;
use reqwest::Method;

use super::{RemoteStore, call::Call};
use crate::{NewTemplate, StoreError, Template, Templates, wire};

#[async_trait]
impl Templates for RemoteStore {
    async fn templates(&self) -> Result<Vec<Template>, StoreError> {
        let found: wire::Templates = self.get(&Call::new(Method::GET, "/templates")).await?;
        Ok(found.items)
    }

    async fn template_versions(
        &self,
        name: &str,
        locale: &str,
    ) -> Result<Vec<Template>, StoreError> {
        let call = Call::new(Method::GET, "/templates/versions")
            .query("name", Some(name))
            .query("locale", Some(locale));
        let found: wire::Templates = self.get(&call).await?;
        Ok(found.items)
    }

    async fn save_template(&self, new: &NewTemplate) -> Result<Template, StoreError> {
        self.get(&Call::new(Method::POST, "/templates").json(new)?).await
    }
}
