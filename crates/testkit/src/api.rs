//! The console's calls, as an administrator makes them.

use reqwest::{Client, Method, RequestBuilder, header};
use serde_json::{Value, json};

use crate::eventually;

/// Who administers a system under test.
pub(crate) const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery");

/// A session of the console.
#[derive(Clone, Debug)]
pub struct Console {
    http: Client,
    base: String,
    cookie: String,
}

impl Console {
    /// Logs in; waits for the account, which is created while the system starts.
    pub async fn log_in(http: Client, base: String, email: &str, password: &str) -> Self {
        let credentials = json!({"email": email, "password": password});
        let cookie = eventually("the administrator can log in", || async {
            let call = http.post(format!("{base}/api/admin/login")).json(&credentials);
            let answer = call.send().await.ok().filter(|a| a.status() == 204)?;
            let cookie = answer.headers().get(header::SET_COOKIE)?.to_str().ok()?;
            Some(cookie.split(';').next()?.to_owned())
        })
        .await;
        Self { http, base, cookie }
    }

    /// What the session is known by, for other clients.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// A call below `/api/admin`.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/admin{path}", self.base);
        self.http.request(method, url).header(header::COOKIE, &self.cookie)
    }

    /// The JSON of a GET call.
    pub async fn get(&self, path: &str) -> Value {
        self.try_get(path).await.expect("an answer")
    }

    /// The JSON of a GET call, or what was answered instead.
    pub async fn try_get(&self, path: &str) -> Result<Value, String> {
        let call = async {
            let answer = self.call(Method::GET, path).send().await?;
            Ok((answer.status(), answer.text().await?))
        };
        let (status, body) =
            call.await.map_err(|error: reqwest::Error| format!("{path}: {error:?}"))?;
        if !status.is_success() {
            return Err(format!("{path}: {status} {body}"));
        }
        serde_json::from_str(&body).map_err(|error| format!("{path}: {error}: {body}"))
    }

    /// Every user, page by page.
    pub async fn all_users(&self) -> Vec<Value> {
        self.all("/users").await.expect("an answer")
    }

    /// Every item of a list, page by page.
    pub async fn all(&self, list: &str) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.try_get(&format!("{list}?limit=500{cursor}")).await?;
            items.extend(page["items"].as_array().into_iter().flatten().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// Makes a report, waits for its end, and returns it.
    pub async fn report(&self, request: &Value) -> Value {
        let answer =
            self.call(Method::POST, "/reports").json(request).send().await.expect("an answer");
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap_or_default());
        let report: Value = answer.json().await.expect("JSON");
        let path = format!("/reports/{}", report["report_id"].as_str().expect("an id"));
        eventually("the report has ended", || async {
            let answer = self.call(Method::GET, &path).send().await.ok()?;
            let report: Value = answer.json().await.ok()?;
            let ended = matches!(report["status"].as_str(), Some("done" | "failed"));
            ended.then_some(report)
        })
        .await
    }

    /// The file of a report.
    pub async fn download(&self, report: &Value) -> Vec<u8> {
        let path = format!("/reports/{}/download", report["report_id"].as_str().expect("an id"));
        let answer = self.call(Method::GET, &path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a whole file").to_vec()
    }
}
