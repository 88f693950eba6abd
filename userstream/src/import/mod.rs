//! `userstream import`: every row of a CSV file through the queue.
//!
//! A row's registration id is made from its address, so the same row in a second run, or twice in
//! the file, is the same registration: it makes one user and one e-mail.

mod refused;
mod rows;

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Instant,
};

use chrono::Utc;
use domain::{Event, RegistrationId, RegistrationSubmitted};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use queue::{Queue, USER_REGISTRATION};
use runtime::Env;
use wiring::Error;

use self::{
    refused::Refused,
    rows::{Row, Rows},
};
use crate::cli::ImportOptions;

/// Names this command as the source of events.
const SOURCE: &str = "/userstream/import";
/// Rows that become durable together.
const BATCH: usize = 500;

pub(crate) fn run(env: &Env, options: &ImportOptions) -> Result<(), Error> {
    let own_queue = format!("sqlite:{}", options.data_dir.join("queue.db").display());
    let env = if env.text("REACT_APP_QUEUE_URL").is_some() {
        env.clone()
    } else {
        env.clone().with_defaults([("QUEUE_URL", own_queue)])
    };
    tokio::runtime::Runtime::new()?.block_on(async {
        let queue = wiring::queue(&env).await?;
        import(&*queue, options).await
    })
}

async fn import(queue: &dyn Queue, options: &ImportOptions) -> Result<(), Error> {
    let started = Instant::now();
    let path = &options.file;
    let file =
        File::open(path).map_err(|e| Error::new(format!("cannot read {}: {e}", path.display())))?;
    let size = file.metadata().map_or(0, |m| m.len());
    let mut rows = Rows::open(file, options.delimiter)?;
    let errors = options.errors.clone().unwrap_or_else(|| beside(path));
    let mut refused = Refused::new(errors);
    let bar = progress(size);
    let mut registered = 0_u64;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let row = rows.next()?;
        let ended = row.is_none();
        match row {
            Some(Row::Valid(person)) => {
                let registration_id = RegistrationId::of_import(&person.email);
                let submitted_at = Utc::now();
                let data =
                    RegistrationSubmitted { registration_id, person, submitted_at, locale: None };
                batch.push((Event::new(SOURCE, data), None));
            }
            Some(Row::Invalid(row)) => refused.add(&row)?,
            None => {}
        }
        if batch.len() == BATCH || (ended && !batch.is_empty()) {
            registered += batch.len() as u64;
            publish(queue, std::mem::take(&mut batch)).await?;
            bar.set_position(rows.position());
            bar.set_message(format!("{} registered", HumanCount(registered)));
        }
        if ended {
            break;
        }
    }
    bar.finish_and_clear();
    summary(registered, refused.finish()?, started);
    Ok(())
}

async fn publish(
    queue: &dyn Queue,
    batch: Vec<(Event<RegistrationSubmitted>, Option<String>)>,
) -> Result<(), Error> {
    USER_REGISTRATION.publish(queue, batch).await.map_err(|e| {
        Error::new(format!("{e}. What was registered so far is safe; run the same command again."))
    })
}

fn progress(size: u64) -> ProgressBar {
    let style = "{bar:30} {percent:>3} %  {msg}  {binary_bytes_per_sec}  {eta} left";
    let style =
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(size).with_style(style)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people's eyes")]
fn summary(registered: u64, refused: Option<(u64, PathBuf)>, started: Instant) {
    let elapsed = started.elapsed();
    let rate = registered as f64 / elapsed.as_secs_f64().max(0.001);
    let refused = refused.map_or_else(String::new, |(count, path)| {
        format!(", {} refused (see {})", HumanCount(count), path.display())
    });
    println!(
        "{} registered{refused} in {} ({rate:.0} a second)",
        HumanCount(registered),
        HumanDuration(elapsed)
    );
}

/// `people.csv` becomes `people.csv.errors.csv`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".errors.csv");
    name.into()
}
