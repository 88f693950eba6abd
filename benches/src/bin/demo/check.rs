//! Compares what came out with what went in. Each function returns its complaints.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use serde_json::Value;

use crate::people::People;

/// The first few of many, and how many there are.
fn summarize(what: &str, items: &[String]) -> Option<String> {
    if items.is_empty() {
        return None;
    }
    let first: Vec<_> = items.iter().take(3).map(String::as_str).collect();
    Some(format!("{} {what}, such as {}", items.len(), first.join("; ")))
}

/// Every person is in the report once, with the right name; and nobody else.
pub(crate) fn report(people: &People, report: &Value, file: &[u8]) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(file);
    let mut seen: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for record in reader.records() {
        match record {
            Ok(r) if r.len() == 6 => {
                if seen.insert(r[3].to_owned(), (r[1].to_owned(), r[2].to_owned())).is_some() {
                    wrong.push(format!("{} is there twice", &r[3]));
                }
            }
            other => wrong.push(format!("{other:?}")),
        }
    }
    let differing = people.expected.iter().filter(|(email, name)| seen.get(*email) != Some(name));
    wrong.extend(differing.map(|(email, name)| format!("{email} {name:?}: {:?}", seen.get(email))));
    wrong.extend(seen.keys().filter(|e| !people.expected.contains_key(*e)).cloned());
    if report["record_count"] != seen.len() || report["size_bytes"] != file.len() {
        wrong.push(format!("the log says {report}"));
    }
    summarize("lines of the report", &wrong).into_iter().collect()
}

/// Every person got one e-mail; and nobody else any.
pub(crate) fn outbox(people: &People, dir: &Path) -> Vec<String> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let mail = fs::read_to_string(entry.path()).unwrap_or_default();
        match mail.lines().find_map(|line| line.strip_prefix("To: ")) {
            Some(to) => *counts.entry(to.to_owned()).or_default() += 1,
            None => wrong.push(format!("{} has no To", entry.path().display())),
        }
    }
    let differing = people.expected.keys().filter(|email| counts.get(*email) != Some(&1));
    wrong.extend(differing.map(|email| format!("{email}: {:?} e-mails", counts.get(email))));
    wrong.extend(counts.keys().filter(|e| !people.expected.contains_key(*e)).cloned());
    summarize("e-mails", &wrong).into_iter().collect()
}

/// Every bad row is told with its line and its reasons; and no good one.
pub(crate) fn refused(people: &People, path: &Path) -> Vec<String> {
    let mut told = BTreeMap::new();
    let reader = csv::Reader::from_path(path);
    for record in reader.into_iter().flat_map(csv::Reader::into_records).flatten() {
        told.insert(record[0].parse().unwrap_or(0), record[4].to_owned());
    }
    let wanted: BTreeMap<u64, String> =
        people.refused.iter().map(|(line, codes)| (*line, (*codes).to_owned())).collect();
    let differing = wanted.iter().filter(|(line, codes)| told.get(line) != Some(codes));
    let mut wrong: Vec<_> = differing
        .map(|(line, codes)| format!("line {line}: {codes}, told {:?}", told.get(line)))
        .collect();
    wrong.extend(told.keys().filter(|l| !wanted.contains_key(l)).map(|l| format!("line {l}")));
    summarize("refused rows", &wrong).into_iter().collect()
}

/// The counts agree, and nothing was dead-lettered.
pub(crate) fn stats(people: &People, stats: &Value) -> Vec<String> {
    let expected = people.expected.len();
    let no_dead_letters =
        stats["queues"].as_array().is_some_and(|q| q.iter().all(|q| q["dead_letters"] == 0));
    let agree = stats["users"]["total"] == expected && stats["notifications"]["sent"] == expected;
    if agree && no_dead_letters { Vec::new() } else { vec![format!("the counts are {stats}")] }
}
