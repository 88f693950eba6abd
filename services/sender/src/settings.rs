//! What can be set.

use std::{path::PathBuf, str::FromStr, time::Duration};

use lettre::message::Mailbox;
use queue::RetryDelays;
use runtime::{ConfigError, Env, Secret, Trust, config::error};
use rustls::pki_types::ServerName;

/// The service's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where e-mails go.
    pub delivery: Delivery,
    /// Who the e-mails are from.
    pub from: Mailbox,
    /// The address that links in e-mails start with.
    pub public_url: String,
    /// Delays between attempts at one e-mail.
    pub retry_delays: RetryDelays,
}

/// Where e-mails go.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// Into a folder, each as an `.eml` file.
    Outbox(PathBuf),
    /// To a mail server.
    Smtp(SmtpSettings),
}

/// A mail server, and how to use it.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its name, which its certificate must be for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// User and password, if the server wants any.
    pub login: Option<(String, Secret)>,
    /// Connections at one time, at the most.
    pub connections: usize,
    /// E-mails on their way to one domain at one time, at the most.
    pub connections_per_domain: usize,
    /// How long a step may take; the taking of a whole e-mail five times as long.
    pub timeout: Duration,
    /// Whose certificates to accept.
    pub trust: Trust,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// By `STARTTLS`; a server that does not offer it is not used.
    StartTls,
    /// From the first byte on.
    Implicit,
    /// Not at all.
    None,
}

impl FromStr for SmtpTls {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Implicit),
            "none" => Ok(Self::None),
            _ => Err("it is starttls, tls or none"),
        }
    }
}

impl Settings {
    /// Reads the variables of the contract.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            delivery: Delivery::from_env(env)?,
            from: env.or("SMTP_FROM", "UserStream <no-reply@example.com>")?,
            public_url: env.http_url("PUBLIC_URL", "http://localhost:3000")?,
            retry_delays: env.or("RETRY_DELAYS", "30s,2m,10m,1h,4h")?,
        })
    }
}

impl Delivery {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let host = env.text("SMTP_HOST");
        // A folder that is only the default gives way to a server that a person named.
        if let Some(folder) = env.text("MAIL_OUTBOX_DIR")
            && (host.is_none() || env.is_set("MAIL_OUTBOX_DIR"))
        {
            if host.is_some() {
                let problem = "is set beside MAIL_OUTBOX_DIR; e-mails go to one of them";
                return Err(error("SMTP_HOST", problem, ""));
            }
            return Ok(Self::Outbox(folder.into()));
        }
        let Some(host) = host else {
            let problem = "is not set, and neither is SMTP_HOST; e-mails must go somewhere";
            return Err(error("MAIL_OUTBOX_DIR", problem, "var/outbox"));
        };
        // Encrypted or not: nothing answers at what is no name.
        if ServerName::try_from(host).is_err() {
            let problem = format!("{host:?} is no name of a host");
            return Err(error("SMTP_HOST", problem, "smtp.example.com"));
        }
        let login = match (env.text("SMTP_USER"), env.secret("SMTP_PASSWORD")) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user.to_owned(), password)),
            (Some(_), None) => {
                return Err(error("SMTP_PASSWORD", "is not set, though SMTP_USER is", "…"));
            }
            (None, Some(_)) => {
                return Err(error("SMTP_USER", "is not set, though SMTP_PASSWORD is", "mailer"));
            }
        };
        let seconds: u64 = positive(env, "SMTP_TIMEOUT_SECONDS", "60")?;
        Ok(Self::Smtp(SmtpSettings {
            host: host.to_owned(),
            port: env.or("SMTP_PORT", "587")?,
            tls: env.or("SMTP_TLS", "starttls")?,
            login,
            connections: positive(env, "SMTP_CONNECTIONS", "48")?,
            connections_per_domain: positive(env, "SMTP_CONNECTIONS_PER_DOMAIN", "16")?,
            timeout: Duration::from_secs(seconds),
            trust: Trust::from_env(env)?,
        }))
    }
}

fn positive<T>(env: &Env, variable: &str, default: &str) -> Result<T, ConfigError>
where
    T: FromStr<Err: std::fmt::Display> + Default + PartialEq,
{
    let number: T = env.or(variable, default)?;
    if number == T::default() {
        return Err(error(variable, "is 0; at least 1 is needed", default));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTBOX: (&str, &str) = ("MAIL_OUTBOX_DIR", "out");
    const HOST: (&str, &str) = ("SMTP_HOST", "mail.example.com");

    fn delivery(variables: &[(&str, &str)]) -> Result<Delivery, String> {
        let env = Env::from_values(variables.iter().copied());
        Settings::from_env(&env).map(|s| s.delivery).map_err(|e| e.to_string())
    }

    #[test]
    fn a_server_has_sane_defaults() {
        let Ok(Delivery::Smtp(smtp)) = delivery(&[HOST]) else { panic!("no server") };
        assert_eq!((smtp.port, smtp.tls, smtp.connections), (587, SmtpTls::StartTls, 48));
        assert!(smtp.login.is_none());
        let named = [HOST, ("SMTP_USER", "me"), ("SMTP_PASSWORD", " hunter2"), ("SMTP_TLS", "tls")];
        let Ok(Delivery::Smtp(smtp)) = delivery(&named) else { panic!("no server") };
        assert_eq!(smtp.tls, SmtpTls::Implicit);
        assert!(!format!("{smtp:?}").contains("hunter2"));
        assert_eq!(smtp.login.unwrap().1.expose(), " hunter2");
    }

    #[test]
    fn a_default_folder_gives_way_to_a_server() {
        let env = Env::from_values([HOST]).with_defaults([OUTBOX]);
        assert!(matches!(Delivery::from_env(&env), Ok(Delivery::Smtp(_))));
        let env = Env::from_values([] as [(&str, &str); 0]).with_defaults([OUTBOX]);
        assert!(matches!(Delivery::from_env(&env), Ok(Delivery::Outbox(_))));
    }

    #[test]
    fn mistakes_are_told_by_the_variables_name() {
        for (variables, told) in [
            (&[][..], "MAIL_OUTBOX_DIR: is not set"),
            (&[OUTBOX, HOST], "SMTP_HOST: is set beside"),
            (&[("SMTP_HOST", "bad host")], "SMTP_HOST: \"bad host\" is no name of a host"),
            (&[HOST, ("SMTP_TLS", "ssl")], "SMTP_TLS: "),
            (&[HOST, ("SMTP_PORT", "x")], "SMTP_PORT: "),
            (&[HOST, ("SMTP_USER", "me")], "SMTP_PASSWORD: is not set"),
            (&[HOST, ("SMTP_PASSWORD", "hunter2")], "SMTP_USER: is not set"),
            (&[HOST, ("SMTP_CONNECTIONS", "0")], "SMTP_CONNECTIONS: is 0"),
        ] {
            let error = delivery(variables).unwrap_err();
            assert!(error.starts_with(told), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
