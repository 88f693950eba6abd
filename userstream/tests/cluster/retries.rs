//! A message that fails for a cause of its own is counted, across a broker's death.

use serde_json::json;
use testkit::eventually;

use crate::{
    messages::{REGISTRATIONS, message, registration},
    servers::start_alone,
};

/// The database refuses one address, as a rule that somebody added by hand would.
const REFUSE: &str = "
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'not this one'; END$$;
CREATE TRIGGER refuse BEFORE INSERT ON users FOR EACH ROW
    WHEN (NEW.email = 'refused@example.com') EXECUTE FUNCTION refuse();";

#[tokio::test(flavor = "multi_thread")]
async fn retries_survive_the_death_of_the_broker() {
    let mut cluster = start_alone(|s| s.variable("RETRY_DELAYS", "1s,8s")).await;
    let console = cluster.console().await;
    cluster.sql(REFUSE);
    let emails = ["ada@example.com", "refused@example.com", "grace@example.com"];
    let messages = emails.map(|email| message(registration(email).to_string()));
    cluster.queue.publish(REGISTRATIONS, messages.into()).await.unwrap();
    cluster.all_mailed(&console, 2).await;
    eventually("it has failed twice", || async {
        let retries = cluster.verdicts(testkit::Role::QueueReceiver, 0, "retry").await;
        (retries >= 2).then_some(())
    })
    .await;
    cluster.broker.kill(0);
    cluster.broker.start_again(0);

    let letters = cluster.dead_letters(&console, 1).await;
    assert_eq!(letters[0]["attempts"], 3, "{}", letters[0]["cause"]);
    assert!(letters[0]["body"].as_str().unwrap().contains("refused@example.com"));

    cluster.sql("DROP TRIGGER refuse ON users");
    let again = console.call(reqwest::Method::POST, "/dead-letters/replay").json(&json!({}));
    assert_eq!(again.send().await.unwrap().status(), 200);
    cluster.all_mailed(&console, 3).await;
    cluster.no_dead_letters().await;
}
