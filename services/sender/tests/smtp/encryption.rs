//! Whom the Sender trusts with e-mails, and how it proves who it is.

use runtime::{Secret, Trust};
use sender::SmtpTls;
use store::NotificationStatus;
use tempfile::TempDir;
use testkit::{Authority, MailServerSettings, MailTls, eventually};

use super::Post;

const ADA: &str = "ada@example.com";

/// A server with a certificate for `host`.
async fn encrypted(tls: MailTls, authority: &Authority, host: &str) -> (Post, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = authority.issue(host, folder.path());
    let settings =
        MailServerSettings { tls: Some((tls, certificate)), ..MailServerSettings::default() };
    (Post::with(settings).await, folder)
}

/// Waits until the Sender says why it does not send; nothing was tried and nothing counted.
async fn waits_since(post: &Post, tls: SmtpTls, ca: &Authority, why: &str) {
    let mut settings = post.settings();
    (settings.tls, settings.trust) = (tls, Trust::new(Some(&ca.pem())).unwrap());
    let sender = post.sender_with(settings).await;
    let id = post.ask_for_one(ADA).await;
    eventually("it says why", || async {
        let health = sender.health().await;
        (health["status"] == "unavailable" && health.to_string().contains(why)).then_some(())
    })
    .await;
    let logged = post.logged(id).await;
    assert_eq!(logged.attempts, 0);
    assert_eq!((post.server.count(), post.depth().await.dead_letters), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_server_gets_them_encrypted() {
    for (mail_tls, tls) in
        [(MailTls::StartTls, SmtpTls::StartTls), (MailTls::Implicit, SmtpTls::Implicit)]
    {
        let authority = Authority::new();
        let (post, _folder) = encrypted(mail_tls, &authority, "localhost").await;
        let mut settings = post.settings();
        (settings.tls, settings.trust) = (tls, Trust::new(Some(&authority.pem())).unwrap());
        let _sender = post.sender_with(settings).await;
        let id = post.ask_for_one(ADA).await;
        assert_eq!(post.end_of(id).await.status, NotificationStatus::Sent);
        assert!(post.server.taken()[0].encrypted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_a_stranger_vouches_for_gets_none() {
    for (mail_tls, tls) in
        [(MailTls::StartTls, SmtpTls::StartTls), (MailTls::Implicit, SmtpTls::Implicit)]
    {
        let (post, _folder) = encrypted(mail_tls, &Authority::new(), "localhost").await;
        waits_since(&post, tls, &Authority::new(), "certificate").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_with_the_certificate_of_another_host_gets_none() {
    let authority = Authority::new();
    let (post, _folder) = encrypted(MailTls::StartTls, &authority, "mail.example.com").await;
    waits_since(&post, SmtpTls::StartTls, &authority, "certificate").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_offers_no_encryption_gets_none() {
    let post = Post::new().await;
    waits_since(&post, SmtpTls::StartTls, &Authority::new(), "STARTTLS").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_opens_the_server_and_a_wrong_one_waits() {
    let login = Some(("mailer".to_owned(), "the right one".to_owned()));
    let post = Post::with(MailServerSettings { login, ..MailServerSettings::default() }).await;
    let mut settings = post.settings();
    for password in [None, Some("the wrong one")] {
        settings.login = password.map(|p| ("mailer".to_owned(), Secret::new(p)));
        let _sender = post.sender_with(settings.clone()).await;
        let id = post.ask_for_one(&format!("ada{}@example.com", settings.login.is_some())).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(post.logged(id).await.attempts, 0);
    }
    settings.login = Some(("mailer".to_owned(), Secret::new("the right one")));
    let _sender = post.sender_with(settings).await;
    eventually("both are sent", || async { (post.server.count() == 2).then_some(()) }).await;
    assert_eq!(post.server.taken()[0].user.as_deref(), Some("mailer"));
    assert_eq!(post.depth().await.dead_letters, 0);
}
