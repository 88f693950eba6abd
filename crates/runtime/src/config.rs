//! Settings from the environment, with errors that name the variable.

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt::{self, Display},
    path::Path,
    str::FromStr,
};

/// Where settings come from: the process's environment over a set of defaults.
#[derive(Clone, Debug, Default)]
pub struct Env {
    values: HashMap<String, String>,
    defaults: HashMap<String, String>,
}

/// A setting that cannot be used: one line that names the variable, the mistake and an example.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem} (example: {example})")]
pub struct ConfigError {
    /// The variable.
    pub variable: String,
    /// What is wrong; never the value of a secret.
    pub problem: String,
    /// A setting that would do.
    pub example: String,
}

impl Env {
    /// Reads a `.env` file in the working folder, if there is one, then the real environment, which
    /// wins. To be called before there are threads.
    pub fn load() -> Result<Self, ConfigError> {
        let mut env = Self::from_values(read_file(".env".as_ref())?);
        // A variable that is not Unicode is none of ours.
        let text = |(key, value): (OsString, OsString)| {
            Some((key.into_string().ok()?, value.into_string().ok()?))
        };
        env.values.extend(std::env::vars_os().filter_map(text));
        Ok(env)
    }

    /// An environment of these variables only.
    pub fn from_values<K: Into<String>, V: Into<String>>(
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let values = values.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self { values, defaults: HashMap::new() }
    }

    /// The same environment with other defaults than the services' own.
    #[must_use]
    pub fn with_defaults<K: Into<String>, V: Into<String>>(
        mut self,
        defaults: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.defaults.extend(defaults.into_iter().map(|(k, v)| (k.into(), v.into())));
        self
    }

    /// The same environment without a variable.
    #[must_use]
    pub fn without(mut self, variable: &str) -> Self {
        self.values.remove(variable);
        self.defaults.remove(variable);
        self
    }

    /// Whether the variable was set by a person, rather than by default.
    pub fn is_set(&self, variable: &str) -> bool {
        self.values.get(variable).is_some_and(|v| !v.trim().is_empty())
    }

    /// The variable's text; an empty one counts as absent.
    pub fn text(&self, variable: &str) -> Option<&str> {
        let given = self.values.get(variable).map(|v| v.trim()).filter(|v| !v.is_empty());
        given.or_else(|| self.defaults.get(variable).map(String::as_str))
    }

    /// The variable's text with the spaces around it, for what may begin or end with one, or be one: a
    /// password, a delimiter. An empty one counts as absent.
    pub fn exact(&self, variable: &str) -> Option<&str> {
        let given = self.values.get(variable).filter(|v| !v.is_empty());
        given.or_else(|| self.defaults.get(variable)).map(String::as_str)
    }

    /// The variable's text, or the mistake of leaving it out.
    pub fn required(&self, variable: &str, example: &str) -> Result<&str, ConfigError> {
        self.text(variable).ok_or_else(|| error(variable, "is not set", example))
    }

    /// The variable's value if it is set.
    pub fn optional<T: FromStr<Err: Display>>(
        &self,
        variable: &str,
        example: &str,
    ) -> Result<Option<T>, ConfigError> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|e| error(variable, format!("{text:?} cannot be used: {e}"), example))
        };
        self.text(variable).map(parse).transpose()
    }

    /// The variable's value, or the default in the same notation.
    pub fn or<T: FromStr<Err: Display>>(
        &self,
        variable: &str,
        default: &str,
    ) -> Result<T, ConfigError> {
        let text = self.text(variable).unwrap_or(default);
        text.parse().map_err(|e| error(variable, format!("{text:?} cannot be used: {e}"), default))
    }

    /// An `http:` address of a service or of the whole site, without a slash at its end.
    pub fn http_url(&self, variable: &str, default: &str) -> Result<String, ConfigError> {
        let text = self.text(variable).unwrap_or(default);
        let url = reqwest::Url::parse(text).ok().filter(|u| {
            matches!(u.scheme(), "http" | "https") && u.has_host() && u.query().is_none()
        });
        match url {
            Some(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
            None => Err(error(variable, format!("{text:?} is not a web address"), default)),
        }
    }

    /// A secret, if it is set, with the spaces around it: a password may begin or end with one.
    pub fn secret(&self, variable: &str) -> Option<Secret> {
        self.exact(variable).map(Secret::new)
    }
}

/// An error about a variable.
pub fn error(variable: &str, problem: impl Into<String>, example: &str) -> ConfigError {
    ConfigError {
        variable: variable.into(),
        problem: problem.into(),
        example: format!("{variable}={example}"),
    }
}

/// The variables of a file; none where there is no file.
fn read_file(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    // Errors tell no line: it may hold a secret.
    let unusable = |problem: String| ConfigError {
        variable: ".env".into(),
        problem,
        example: "KEY=value".into(),
    };
    let lines = match dotenvy::from_path_iter(path) {
        Ok(lines) => lines,
        Err(e) if e.not_found() => return Ok(Vec::new()),
        Err(e) => return Err(unusable(format!("the file cannot be read: {e}"))),
    };
    lines
        .collect::<Result<_, _>>()
        .map_err(|e| match e {
            dotenvy::Error::LineParse(..) => "a line is not of the form KEY=value".to_owned(),
            other => format!("the file cannot be read: {other}"),
        })
        .map_err(unusable)
}

/// A text that never shows itself in logs or errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_one_line_with_variable_problem_and_example() {
        let env = Env::from_values([("PORT", "http")]);
        let error = env.or::<u16>("PORT", "3000").unwrap_err().to_string();
        assert_eq!(
            error,
            r#"PORT: "http" cannot be used: invalid digit found in string (example: PORT=3000)"#
        );
        let error = env.required("SMTP_HOST", "smtp.example.com").unwrap_err().to_string();
        assert_eq!(error, "SMTP_HOST: is not set (example: SMTP_HOST=smtp.example.com)");
    }

    #[test]
    fn what_is_set_wins_over_defaults_and_empty_is_absent() {
        let env =
            Env::from_values([("A", "1"), ("B", " ")]).with_defaults([("A", "2"), ("B", "3")]);
        assert_eq!(env.text("A"), Some("1"));
        assert_eq!(env.text("B"), Some("3"));
        assert!(env.is_set("A") && !env.is_set("B"));
    }

    #[test]
    fn the_spaces_around_what_may_have_them_stay() {
        let env = Env::from_values([("DELIMITER", "\t"), ("PASSWORD", " a b "), ("EMPTY", "")]);
        assert_eq!(env.exact("DELIMITER"), Some("\t"));
        assert_eq!(env.exact("EMPTY"), None);
        assert_eq!(env.secret("PASSWORD").unwrap().expose(), " a b ");
        assert_eq!(env.text("PASSWORD"), Some("a b"));
        let env = env.with_defaults([("EMPTY", "; ")]);
        assert_eq!(env.exact("EMPTY"), Some("; "));
    }

    #[test]
    fn a_file_is_read_and_its_mistakes_are_told_without_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        assert_eq!(read_file(&file).unwrap(), []);
        std::fs::write(&file, "# a note\nPORT=3001\nSMTP_FROM=\"A <a@example.com>\"\n").unwrap();
        let read = read_file(&file).unwrap();
        assert_eq!(read[0], ("PORT".into(), "3001".into()));
        assert_eq!(read[1], ("SMTP_FROM".into(), "A <a@example.com>".into()));
        std::fs::write(&file, "JWT_SECRET hunter2\n").unwrap();
        let error = read_file(&file).unwrap_err().to_string();
        assert_eq!(error, ".env: a line is not of the form KEY=value (example: KEY=value)");
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert!(read_file(&file).is_err(), "a folder is no file");
    }

    #[test]
    fn web_addresses_are_checked() {
        let env = Env::from_values([("A", "http://x:1/"), ("B", "ftp://x"), ("C", "nowhere")]);
        assert_eq!(env.http_url("A", "").unwrap(), "http://x:1");
        assert!(env.http_url("B", "http://localhost").is_err());
        assert!(env.http_url("C", "http://localhost").is_err());
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
