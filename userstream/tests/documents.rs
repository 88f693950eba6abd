//! What the documents say is what the code does: settings, messages, measurements, alerts, links.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use domain::{EmailRequested, Event, EventData, RegistrationSubmitted, ReportRequested};
use serde_json::Value;

/// The folder of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The files below a folder with this ending.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = ["target", "node_modules", "dist", ".git", "var"];
        if path.is_dir() && !skipped.contains(&name.to_str().unwrap()) {
            files(&path, ending, found);
        } else if name.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
}

/// The code that runs, without its tests.
fn code() -> BTreeMap<PathBuf, String> {
    let mut found = Vec::new();
    for folder in ["crates", "services", "userstream"] {
        files(&root().join(folder), ".rs", &mut found);
    }
    let runs = found.into_iter().filter(|path| {
        let path = path.to_str().unwrap();
        path.contains("/src/") && !path.contains("/testkit/")
    });
    let without_tests = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
        (path, text)
    };
    runs.map(without_tests).collect()
}

/// A variable as the reference has it.
struct Setting {
    section: String,
    name: String,
    default: String,
}

fn reference() -> Vec<Setting> {
    let mut section = String::new();
    let mut settings = Vec::new();
    for line in read("docs/configuration.md").lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        }
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if let ["", name, default, ..] = cells[..]
            && let Some(name) = name.strip_prefix('`').and_then(|n| n.strip_suffix('`'))
        {
            let (name, default) = (name.to_owned(), default.trim_matches('`').to_owned());
            settings.push(Setting { section: section.clone(), name, default });
        }
    }
    assert!(settings.len() > 40);
    settings
}

/// Texts in quotation marks behind each place where the code says this.
fn quoted<'a>(text: &'a str, before: &str) -> Vec<Vec<&'a str>> {
    let calls = text.split(before).skip(1).map(str::trim_start);
    // Others name the variable by a constant.
    let arguments = calls.filter(|rest| rest.starts_with('"')).map(|rest| {
        let call = rest.split(')').next().unwrap_or_default();
        call.split('"').skip(1).step_by(2).collect()
    });
    arguments.filter(|arguments: &Vec<_>| !arguments.is_empty()).collect()
}

#[test]
fn every_variable_that_the_code_reads_is_in_the_reference_with_its_default() {
    let reference = reference();
    let mut in_code: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for text in code().values() {
        for call in [
            "env.text(",
            "env.exact(",
            "env.secret(",
            "env.is_set(",
            "env.optional(",
            "env.required(",
        ] {
            for arguments in quoted(text, call) {
                in_code.entry(arguments[0].to_owned()).or_default();
            }
        }
        for call in ["env.or(", "env.http_url(", "positive(env, "] {
            for arguments in quoted(text, call) {
                let defaults = in_code.entry(arguments[0].to_owned()).or_default();
                defaults.extend(arguments.get(1).map(ToString::to_string));
            }
        }
        // Where the other services are.
        let literals: Vec<_> = text.split('"').skip(1).step_by(2).collect();
        for pair in literals.windows(2) {
            if pair[0].ends_with("_URL") && pair[1].starts_with("http://localhost:80") {
                in_code.entry(pair[0].to_owned()).or_default().insert(pair[1].to_owned());
            }
        }
        // Constants that name variables.
        for line in text.lines().filter(|line| line.contains(": &str = \"OTEL_")) {
            in_code.entry(line.split('"').nth(1).unwrap().to_owned()).or_default();
        }
    }
    let told: BTreeSet<_> = reference.iter().map(|setting| setting.name.clone()).collect();
    let read: BTreeSet<_> = in_code.keys().cloned().collect();
    assert_eq!(read, told, "the variables in the code, and those in docs/configuration.md");
    for (name, defaults) in in_code {
        // Of the doctor: "no port was named".
        for default in defaults.iter().filter(|d| (name != "PORT") || *d != "0") {
            let found = reference.iter().any(|s| s.name == name && s.default == *default);
            assert!(found, "{name}: the code's default {default:?} is not in the reference");
        }
    }
}

#[test]
fn every_service_has_an_example_of_each_of_its_variables() {
    let reference = reference();
    for (service, title) in [
        ("frontend", "Frontend"),
        ("queue-receiver", "Queue Receiver"),
        ("sender", "Sender"),
        ("database-service", "Database Service"),
        ("report-generator", "Report Generator"),
    ] {
        let examples = read(&format!("services/{service}/.env.example"));
        let examples: BTreeSet<_> = examples
            .lines()
            .filter_map(|line| line.trim_start_matches('#').split_once('=')?.0.into())
            .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
            .collect();
        let sections = ["Every service", title];
        let wanted: BTreeSet<_> = reference
            .iter()
            .filter(|setting| sections.contains(&setting.section.as_str()))
            .map(|setting| setting.name.as_str())
            // Either of the two names is enough.
            .filter(|name| (service, *name) != ("frontend", "QUEUE_URL"))
            .collect();
        assert_eq!(examples, wanted, "services/{service}/.env.example, and the reference");
    }
}

/// The variables of docker-compose.yml, and those of `.env.example` beside it.
#[test]
fn every_variable_of_the_compose_file_has_an_example() {
    let compose = read("docker-compose.yml");
    let used: BTreeSet<_> =
        compose.split("${").skip(1).map(|rest| rest.split([':', '}']).next().unwrap()).collect();
    let examples = read(".env.example");
    let examples: BTreeSet<_> = examples
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once('=')?.0.into())
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert_eq!(used, examples);
    for secret in ["JWT_SECRET", "DB_PASSWORD", "QUEUE_PASSWORD", "ADMIN_PASSWORD"] {
        let missing = compose.matches(&format!("${{USERSTREAM_{secret}:?is missing")).count();
        assert!(missing > 0, "{secret} is refused where it is missing");
    }
}

/// A message of docs/asyncapi.yaml: its fields are those of the code, and its example is one that the
/// code reads and writes alike, and refuses without any field that is said to be required.
fn message<T: EventData>(document: &Value, queue: &str, name: &str) {
    let channel = &document["channels"][queue];
    assert_eq!(channel["address"], queue);
    let reference = format!("#/components/messages/{name}");
    assert_eq!(channel["messages"][name]["$ref"], *reference);
    let message = &document["components"]["messages"][name];
    assert_eq!(message["name"], T::TYPE);
    let schema = &message["payload"]["allOf"][1]["properties"];
    assert_eq!(schema["type"]["const"], T::TYPE);

    let example = &message["examples"][0]["payload"];
    let event = Event::<T>::parse(example.to_string().as_bytes()).unwrap();
    let written: Value = serde_json::from_slice(&event.to_json()).unwrap();
    assert_eq!(written, *example, "the code writes the example as it is");

    let data = example["data"].as_object().unwrap();
    let properties = schema["data"]["properties"].as_object().unwrap();
    let names = |object: &serde_json::Map<String, Value>| {
        object.keys().filter(|key| *key != "recipient").cloned().collect::<BTreeSet<_>>()
    };
    assert_eq!(names(data), names(properties), "the example has every field");
    let mut required: BTreeSet<_> = schema["data"]["required"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field.as_str().unwrap().to_owned())
        .collect();
    // One of two ways to say to whom.
    required.extend(properties.contains_key("recipient").then(|| "user_id".to_owned()));
    for field in data.keys() {
        let mut without = example.clone();
        without["data"].as_object_mut().unwrap().remove(field);
        let read = Event::<T>::parse(without.to_string().as_bytes());
        assert_eq!(read.is_err(), required.contains(field), "{queue}: without {field}");
    }
}

#[test]
fn the_queues_carry_what_the_asyncapi_document_says() {
    let document: Value = serde_yaml_ng::from_str(&read("docs/asyncapi.yaml")).unwrap();
    let queues: Vec<_> = document["channels"].as_object().unwrap().keys().cloned().collect();
    let ours: BTreeSet<_> = queue::TOPICS.map(str::to_owned).into();
    assert_eq!(queues.into_iter().collect::<BTreeSet<_>>(), ours);
    message::<RegistrationSubmitted>(&document, "user.registration", "registrationSubmitted");
    message::<EmailRequested>(&document, "email.notifications", "emailRequested");
    message::<ReportRequested>(&document, "report.requests", "reportRequested");
    let templates = &document["components"]["messages"]["emailRequested"]["payload"]["allOf"][1]["properties"]
        ["data"]["properties"]["template"]["enum"];
    assert_eq!(*templates, serde_json::json!(domain::template::ALL));
}

/// The names of our measurements in a text.
fn measurements(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_lowercase() || c == '_';
    text.match_indices("userstream_")
        .map(|(at, _)| text[at..].chars().take_while(|c| word(*c)).collect::<String>())
        .map(|name| name.trim_end_matches("_bucket").to_owned())
        .collect()
}

#[test]
fn dashboards_and_alerts_use_what_is_measured_and_every_alert_has_a_runbook() {
    let code: String = code().into_values().collect();
    // Cookies are called after us too.
    let cookies = ["userstream_language", "userstream_session"];
    let measured: BTreeSet<_> = code
        .split('"')
        .filter(|text| text.starts_with("userstream_") && !cookies.contains(text))
        .filter(|text| text.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    let dashboard = read("deploy/grafana/dashboards/userstream.json");
    let alerts = read("deploy/prometheus/alerts.yml");
    serde_json::from_str::<Value>(&dashboard).unwrap();
    for text in [&dashboard, &alerts, &read("docs/runbooks.md")] {
        for name in measurements(text) {
            assert!(measured.contains(name.as_str()), "nobody measures {name}");
        }
    }
    // Whatever is measured is shown.
    let shown = &measurements(&dashboard) | &measurements(&alerts);
    for name in measured {
        assert!(shown.contains(name), "{name} is in no dashboard and no alert");
    }

    let rules: Value = serde_yaml_ng::from_str(&alerts).unwrap();
    let runbooks = read("docs/runbooks.md");
    let sections: Vec<_> = runbooks.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    let names: Vec<_> = rules.iter().map(|rule| rule["alert"].as_str().unwrap()).collect();
    assert_eq!(names, sections, "an alert, a section of docs/runbooks.md, in the same order");
    for rule in rules {
        let anchor = rule["alert"].as_str().unwrap().to_lowercase();
        assert_eq!(rule["annotations"]["runbook"], format!("docs/runbooks.md#{anchor}"));
    }
}

/// `promtool` comes with Debian's package `prometheus` (scripts/install-test-tools).
#[test]
fn prometheus_takes_its_configuration_and_the_alerts_do_what_they_say() {
    let folder = root().join("deploy/prometheus");
    for arguments in [["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]] {
        let output = Command::new("promtool").args(arguments).current_dir(&folder).output();
        let output = output.expect("promtool is there: run scripts/install-test-tools");
        let told = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
    }
}

#[test]
fn every_link_in_a_document_leads_somewhere() {
    let mut documents = Vec::new();
    files(&root(), ".md", &mut documents);
    assert!(documents.len() > 20);
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let place = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            let shown = document.strip_prefix(root()).unwrap().display();
            assert!(place.exists(), "{shown} leads to {target}, which is not there");
            if !anchor.is_empty() {
                let found = fs::read_to_string(&place).unwrap().lines().any(|line| {
                    line.starts_with('#') && slug(line.trim_start_matches('#').trim()) == anchor
                });
                assert!(found, "{shown} leads to {target}: no such heading");
            }
        }
    }
}

/// A heading as the address of its section.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_');
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
