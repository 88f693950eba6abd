//! The calls that look after dead letters, and the end of the service.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{io, sync::Arc, time::Duration};

use domain::MAX_EVENT_BYTES;
use queue::{DeadLetterFilter, EMAIL_NOTIFICATIONS, Message, Queue, RetryDelays, Verdict};
use queue_receiver::{Dependencies, Settings};
use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use runtime::{Secret, ServiceTokens};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// A receiver on a database of its own.
struct House {
    url: String,
    tokens: ServiceTokens,
    queue: Arc<dyn Queue>,
    shutdown: CancellationToken,
    task: JoinHandle<io::Result<()>>,
    _folder: TempDir,
}

impl House {
    /// On a queue of its own, or the one at a URL.
    async fn start(queue_url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
        let store = store::open(&url("store.db")).await.unwrap();
        let queue_url = queue_url.unwrap_or_else(|| url("queue.db"));
        let queue = queue::open(&queue_url, None).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let tokens = ServiceTokens::new(&secret, None);
        let dependencies = Dependencies {
            queue: queue.clone(),
            registrations: store.clone(),
            database: store,
            tokens: tokens.clone(),
        };
        let settings = Settings { retry_delays: RetryDelays::new([]) };
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(queue_receiver::run(
            listener.try_into().unwrap(),
            dependencies,
            settings,
            shutdown.clone(),
        ));
        Self { url, tokens, queue, shutdown, task, _folder: folder }
    }

    /// Asks as another service does.
    fn call(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = self.tokens.sign("test", "queue-receiver", Duration::from_mins(1));
        let call = testkit::http_client().request(method, format!("{}{path}", self.url));
        call.bearer_auth(token)
    }

    /// Makes a dead letter of a queue that nobody here consumes; gives its id.
    async fn bury(&self) -> String {
        let queue = EMAIL_NOTIFICATIONS.queue;
        self.queue.publish(queue, vec![Message::event("1", "{}")]).await.unwrap();
        let consumer = self.queue.consume(queue, 1).await.unwrap();
        let taken = consumer.receive(1, Duration::ZERO).await.unwrap();
        let dead = Verdict::DeadLetter { cause: "no".into(), by: "test".into(), tried: true };
        consumer.settle(vec![(taken[0].tag, dead)]).await.unwrap();
        let letters = self.queue.dead_letters(&DeadLetterFilter::default(), None, 1).await;
        letters.unwrap().remove(0).id
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_is_read_like_every_body_and_is_no_larger_than_a_message() {
    let house = House::start(None).await;
    let path = format!("/dead-letters/{}/replay", house.bury().await);
    let replay = async |media_type: &str, body: String| {
        let call = house.call(Method::POST, &path).header(CONTENT_TYPE, media_type).body(body);
        let answer = call.send().await.unwrap();
        let status = answer.status();
        let told: Value = answer.json().await.unwrap_or_default();
        (status, told["detail"].as_str().unwrap_or_default().to_owned())
    };
    let look = |body: &str| json!({"body": body, "dry_run": true}).to_string();

    let (status, told) = replay("application/json", look(&"x".repeat(MAX_EVENT_BYTES + 1))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(told.contains("corrected body") && told.contains("64 KiB"), "{told}");
    let (status, told) = replay("application/json", look(&"x".repeat(500 * 1024))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(!told.contains("64 KiB"), "{told}");
    assert_eq!(replay("text/plain", look("x")).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(replay("application/json", "{".into()).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(replay("application/json", "[]".into()).await.0, StatusCode::UNPROCESSABLE_ENTITY);

    // The longest message, each character of it escaped.
    let longest = look(&"\u{1}".repeat(MAX_EVENT_BYTES));
    assert_eq!(replay("application/json", longest).await.0, StatusCode::OK);
    assert_eq!(replay("application/vnd.api+json", look("x")).await.0, StatusCode::OK);
    assert_eq!(replay("text/plain", String::new()).await.0, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queues_are_a_page() {
    let house = House::start(None).await;
    let page: Value =
        house.call(Method::GET, "/queues").send().await.unwrap().json().await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    assert_eq!(page.get("next_cursor"), Some(&Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_says_nothing_holds_nobody_at_the_end() {
    // It takes connections, and no more.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://guest:guest@{}", silent.local_addr().unwrap());
    let house = House::start(Some(url)).await;
    sleep(Duration::from_millis(300)).await;
    house.shutdown.cancel();
    let ended = timeout(Duration::from_secs(3), house.task).await;
    ended.expect("it ends at once").unwrap().unwrap();
}
