//! What no log may hold: passwords, tokens, secrets, e-mail addresses.

/// Variables whose values are secrets.
const SECRETS: [&str; 5] =
    ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "ADMIN_PASSWORD", "SMTP_PASSWORD", "DB_PASSWORD"];

/// The secrets among a process's variables.
pub(crate) fn secrets(variables: &[(&str, String)]) -> Vec<String> {
    let secret = variables.iter().filter(|(name, _)| SECRETS.contains(name));
    secret.map(|(_, value)| value.clone()).filter(|value| !value.is_empty()).collect()
}

/// The first log line (JSON) that tells what it should not, with what that is. Other lines are for the
/// person at the terminal, such as the administrator's password at the first start.
pub(crate) fn breach<'a>(log: &'a str, secrets: &[String]) -> Option<(&'static str, &'a str)> {
    log.lines().filter(|line| line.starts_with('{')).find_map(|line| {
        let what = if secrets.iter().any(|secret| line.contains(secret.as_str())) {
            "a secret"
        } else if line.contains("eyJ") || line.contains("Bearer ") {
            "a token"
        } else if has_address(line) {
            "an e-mail address, or a URL with a password"
        } else {
            return None;
        };
        Some((what, line))
    })
}

/// Whether there is something like `a@b.c`.
fn has_address(line: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "._-+%".contains(c);
    line.match_indices('@').any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part);
        let after: String = line[at + 1..].chars().take_while(|c| part(*c)).collect();
        before && after.trim_matches('.').contains('.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_should_not_be_told_is_found() {
        let secrets = secrets(&[("JWT_SECRET", "hunter2".into()), ("PORT", "80".into())]);
        assert_eq!(secrets, ["hunter2"]);
        for (line, what) in [
            (r#"{"message":"to ada@example.com"}"#, "an e-mail address, or a URL with a password"),
            (r#"{"url":"amqp://u:p@10.0.0.1"}"#, "an e-mail address, or a URL with a password"),
            (r#"{"header":"eyJhbGciOi"}"#, "a token"),
            (r#"{"message":"hunter2"}"#, "a secret"),
        ] {
            assert_eq!(breach(line, &secrets), Some((what, line)));
        }
        for fine in [r#"{"message":"at 80"}"#, r#"{"node":"rabbit@here"}"#, "Admin ada@example.com"]
        {
            assert_eq!(breach(fine, &secrets), None);
        }
    }
}
