//! `userstream report`: has a report made, and brings its file here.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{ReportFormat, ReportId};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use reqwest::{
    Method, RequestBuilder, Response,
    header::{IF_RANGE, RANGE},
};
use runtime::{Env, ServiceClient};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use store::{Report, ReportStatus, Stats};
use tokio::time::sleep;
use wiring::{Error, Peer};

use crate::{cli::ReportOptions, token};

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(200);
/// How often a file whose transfer breaks off is taken up again without a byte of progress.
const BREAKS: u32 = 5;
/// What a person reads of a connection that does not come about.
const IS_IT_UP: &str = "Is it running? REPORT_GENERATOR_URL says where it is looked for.";

pub(crate) fn run(env: &Env, options: &ReportOptions) -> Result<(), Error> {
    let format = format_of(options)?;
    if options.output.is_none() && format.is_binary() && io::stdout().is_terminal() {
        let format = format.as_str();
        return Err(Error::new(format!(
            "{format} is nothing to read on a terminal. Name a file: --output people.{format}"
        )));
    }
    let tokens = token::tokens(env, &options.data_dir)?;
    let generator = wiring::peer(env, &tokens, "cli", Peer::ReportGenerator)?;
    let database = wiring::peer(env, &tokens, "cli", Peer::DatabaseService)?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let filters = filters(options);
        // Only then it is known beforehand how many rows there will be.
        let total = if filters.is_empty() { count(&database).await } else { None };
        let report = ask(&generator, format, options, filters).await?;
        let made = tokio::select! {
            made = made(&generator, report.report_id, total) => made?,
            _ = tokio::signal::ctrl_c() => {
                let path = format!("/reports/{}/cancel", report.report_id);
                send(generator.request(Method::POST, &path)).await?;
                return Err(Error::new("cancelled"));
            }
        };
        fetch(&generator, &made, options.output.as_deref()).await
    })
}

/// The format asked for, or that of the file's name.
fn format_of(options: &ReportOptions) -> Result<ReportFormat, Error> {
    let of_file = options.output.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
    let name = options.format.as_deref().or(of_file).unwrap_or("csv");
    ReportFormat::from_name(name).ok_or_else(|| {
        let known = ReportFormat::ALL.map(ReportFormat::as_str).join(", ");
        Error::new(format!("there is no format {name:?}. Choose one with --format: {known}"))
    })
}

fn filters(options: &ReportOptions) -> Map<String, Value> {
    let ReportOptions { q, confirmed, created_from, created_to, .. } = options;
    let filters = [
        ("q", q.as_ref().map(|q| json!(q))),
        ("confirmed", confirmed.map(|confirmed| json!(confirmed))),
        ("created_from", created_from.as_ref().map(|from| json!(from))),
        ("created_to", created_to.as_ref().map(|to| json!(to))),
    ];
    filters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

async fn ask(
    generator: &ServiceClient,
    format: ReportFormat,
    options: &ReportOptions,
    filters: Map<String, Value>,
) -> Result<Report, Error> {
    let body = json!({
        "format": format.as_str(), "report_name": options.name, "filters": filters, "columns": options.columns,
        "options": {
            "delimiter": options.delimiter, "header": !options.no_header, "excel": options.excel,
            "timezone": options.timezone,
        },
    });
    read(send(generator.request(Method::POST, "/reports").json(&body)).await?).await
}

/// How many people there are; not worth failing for.
async fn count(database: &ServiceClient) -> Option<u64> {
    let stats = send(database.request(Method::GET, "/stats")).await.ok()?;
    let stats: Stats = read(stats).await.ok()?;
    Some(stats.users.total)
}

/// Waits until a report is made, and shows how far it is.
async fn made(
    generator: &ServiceClient,
    id: ReportId,
    total: Option<u64>,
) -> Result<Report, Error> {
    let (bar, style) = match total {
        Some(total) => (ProgressBar::new(total), "{bar:30} {percent:>3} %  {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
    };
    let bar = styled(bar, style);
    bar.set_message("waiting for a generator");
    let path = format!("/reports/{id}");
    loop {
        let report: Report = read(send(generator.request(Method::GET, &path)).await?).await?;
        match report.status {
            ReportStatus::Done => {
                bar.finish_and_clear();
                return Ok(report);
            }
            ReportStatus::Failed => {
                bar.finish_and_clear();
                let why = report.error.unwrap_or_default();
                return Err(Error::new(format!("the report failed: {why}")));
            }
            ReportStatus::Queued => {}
            ReportStatus::Running => {
                let rows = report.record_count.and_then(|rows| u64::try_from(rows).ok());
                bar.set_position(rows.unwrap_or_default());
                bar.set_message(format!("{} rows", HumanCount(rows.unwrap_or_default())));
            }
        }
        bar.tick();
        sleep(LOOK).await;
    }
}

fn styled(bar: ProgressBar, style: &str) -> ProgressBar {
    bar.with_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

/// Brings the file here, and checks that it is the one that was made.
async fn fetch(
    generator: &ServiceClient,
    report: &Report,
    output: Option<&Path>,
) -> Result<(), Error> {
    let part = output.map(unfinished);
    let mut to: Box<dyn Write> = match &part {
        Some(part) => Box::new(File::create(part).map_err(|e| unwritable(part, &e))?),
        None => Box::new(io::stdout().lock()),
    };
    let fetched = transfer(generator, report, &mut *to).await;
    drop(to);
    match (fetched, part, output) {
        (Ok(()), Some(part), Some(output)) => {
            std::fs::rename(&part, output).map_err(|e| unwritable(output, &e))?;
        }
        (Err(error), Some(part), _) => {
            let _ = std::fs::remove_file(part);
            return Err(error);
        }
        (fetched, ..) => fetched?,
    }
    let rows = report.record_count.and_then(|rows| rows.try_into().ok()).unwrap_or_default();
    let rows = format!("{} row{}", HumanCount(rows), if rows == 1 { "" } else { "s" });
    let place = output.map_or_else(String::new, |path| format!(" in {}", path.display()));
    eprintln!("{rows}{place}, SHA-256 {}", report.sha256.as_deref().unwrap_or_default());
    Ok(())
}

/// The name of a file until it is whole.
fn unfinished(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot write {}: {error}", path.display()))
}

/// Copies the file; where the transfer breaks off it goes on from there.
async fn transfer(
    generator: &ServiceClient,
    report: &Report,
    to: &mut dyn Write,
) -> Result<(), Error> {
    let size = report.size_bytes.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let wanted = report.sha256.clone().unwrap_or_default();
    let bar = styled(ProgressBar::new(size), "{bar:30} {percent:>3} %  {binary_bytes_per_sec}");
    let path = format!("/reports/{}/download", report.report_id);
    let (mut sum, mut position, mut breaks) = (Sha256::new(), 0_u64, 0);
    while position < size {
        let call = generator.request(Method::GET, &path);
        let call = call.header(RANGE, format!("bytes={position}-"));
        let mut answer = send(call.header(IF_RANGE, format!("\"{wanted}\""))).await?;
        let before = position;
        let broken = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    to.write_all(&chunk).map_err(|e| Error::new(format!("cannot write: {e}")))?;
                    sum.update(&chunk);
                    position += chunk.len() as u64;
                    bar.set_position(position);
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        breaks = if position > before { 0 } else { breaks + 1 };
        if breaks > BREAKS {
            let why = broken.map_or_else(|| "it ends too early".to_owned(), |e| e.to_string());
            return Err(Error::new(format!("the file does not come through: {why}")));
        }
        if position < size {
            sleep(LOOK).await;
        }
    }
    to.flush().map_err(|e| Error::new(format!("cannot write: {e}")))?;
    bar.finish_and_clear();
    if hex::encode(sum.finalize()) == wanted {
        return Ok(());
    }
    Err(Error::new("the file came through damaged: its SHA-256 is another. Run the command again."))
}

/// Makes a call; what the service finds wrong with it is told as it says.
async fn send(call: RequestBuilder) -> Result<Response, Error> {
    let answer = call.send().await;
    let answer = answer.map_err(|error| {
        Error::new(format!("the Report Generator does not answer: {error}. {IS_IT_UP}"))
    })?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let problem: Value = answer.json().await.unwrap_or_default();
    let mistakes = problem["errors"].as_array().into_iter().flatten();
    let mistakes: Vec<_> = mistakes.filter_map(|mistake| mistake["message"].as_str()).collect();
    let said = match (mistakes.as_slice(), problem["detail"].as_str()) {
        ([], None) => status.to_string(),
        ([], Some(detail)) => detail.to_owned(),
        (mistakes, _) => mistakes.join(" "),
    };
    Err(Error::new(said))
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, Error> {
    let unreadable = |e| Error::new(format!("the Report Generator's answer is not as agreed: {e}"));
    answer.json().await.map_err(unreadable)
}
