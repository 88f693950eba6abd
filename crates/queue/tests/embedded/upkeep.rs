//! The file: who may read it, how it grows, and how it comes to be.

use std::{path::Path, time::Duration};

use futures::future::join_all;
use queue::{Depth, EmbeddedSettings, Message};

use super::{Embedded, PATIENCE, QUEUE, ack, depth_becomes, message, receive};

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let embedded = Embedded::new();
    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    queue.publish(QUEUE, vec![message(1)]).await.expect("published");
    let mut files = 0;
    for entry in embedded.folder.path().read_dir().expect("a folder") {
        let entry = entry.expect("a file");
        let mode = entry.metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        files += 1;
    }
    assert!(files >= 2, "the log is a file too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_a_new_file_at_once() {
    let embedded = Embedded::new();
    let opened = join_all((0..16).map(async |n| {
        let queue = embedded.open_with(EmbeddedSettings::default()).await;
        queue.publish(QUEUE, vec![message(n)]).await.expect("published");
        queue
    }));
    let handles = opened.await;
    depth_becomes(&handles[0], Depth { ready: 16, ..Depth::default() }).await;
}

#[tokio::test]
async fn a_url_names_the_file_and_missing_folders_are_made() {
    let embedded = Embedded::new();
    let forms = [("sqlite:", ""), ("sqlite://", ""), ("sqlite://", "?mode=rwc")];
    for (n, (prefix, query)) in forms.into_iter().enumerate() {
        let path = embedded.folder.path().join(format!("{n}/b/queue.db"));
        let url = format!("{prefix}{}{query}", path.display());
        let queue = queue::open(&url, None).await.expect("opened");
        queue.publish(QUEUE, vec![message(1)]).await.expect("published");
        assert!(path.exists(), "{url}");
        assert_eq!(queue::file_of(&url), Some(path));
    }
    assert_eq!(queue::file_of("amqp://localhost"), None);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_may_say_where_the_file_is_to_be() {
    let embedded = Embedded::new();
    let elsewhere = embedded.folder.path().join("elsewhere.db");
    std::os::unix::fs::symlink(&elsewhere, embedded.path()).expect("a link");
    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    queue.publish(QUEUE, vec![message(1)]).await.expect("published");
    assert!(elsewhere.is_file());
}

fn mebibytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len() >> 20)
}

/// A backlog leaves neither its file nor its log behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_shrinks_after_a_backlog() {
    let embedded = Embedded::new();
    let settings =
        EmbeddedSettings { heartbeat: Duration::from_millis(20), ..EmbeddedSettings::default() };
    let queue = embedded.open_with(settings).await;
    let body = vec![b'x'; 50_000];
    for n in 0..40 {
        let some = (0..20).map(|m| Message::event(format!("{n}-{m}"), body.clone())).collect();
        queue.publish(QUEUE, some).await.expect("published");
    }
    let consumer = queue.consume(QUEUE, 1_000).await.expect("a consumer");
    for _ in 0..8 {
        ack(&*consumer, &receive(&*consumer, 100).await).await;
    }
    let mut log = embedded.path().into_os_string();
    log.push("-wal");
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while mebibytes(&embedded.path()) > 20 {
        assert!(tokio::time::Instant::now() < deadline, "{}", mebibytes(&embedded.path()));
        // What is given back is cut off the file with the next checkpoints.
        queue.publish(QUEUE, vec![Message::event("1", body.clone())]).await.expect("published");
        ack(&*consumer, &receive(&*consumer, 1).await).await;
    }
    assert!(mebibytes(Path::new(&log)) <= 48, "{}", mebibytes(Path::new(&log)));
}

/// Who closes a file gives up all locks that the process has to it. Another process would then take itself
/// for the last one, and remove the log.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn opening_a_file_again_does_not_give_up_the_locks_to_it() {
    let embedded = Embedded::new();
    let first = embedded.open_with(EmbeddedSettings::default()).await;
    first.publish(QUEUE, vec![message(1)]).await.expect("published");
    assert!(is_locked(&embedded.path()), "by the first");
    let second = embedded.open_with(EmbeddedSettings::default()).await;
    second.publish(QUEUE, vec![message(2)]).await.expect("published");
    assert!(is_locked(&embedded.path()), "with a second");
}

/// Whether this process has a lock to a file.
#[cfg(target_os = "linux")]
fn is_locked(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let inode = format!(":{}", std::fs::metadata(path).expect("a file").ino());
    let process = std::process::id().to_string();
    let locks = std::fs::read_to_string("/proc/locks").expect("Linux tells of its locks");
    locks.lines().any(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        matches!(fields[..], [_, "POSIX", _, _, by, on, ..] if by == process && on.ends_with(&inode))
    })
}
