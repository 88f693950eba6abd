//! What can be set.

use std::path::PathBuf;

use domain::ReportOptions;
use queue::RetryDelays;
use runtime::{ConfigError, Env, config::error};

/// The service's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that files are written to.
    pub output_dir: PathBuf,
    /// Files of so many bytes at the most go along with the e-mails that deliver them; none where absent.
    pub attach_up_to: Option<u32>,
    /// What links in e-mails start with.
    pub public_url: String,
    /// What separates cells where a request does not say.
    pub csv_delimiter: u8,
    /// Days that files are kept; for ever where absent.
    pub retention_days: Option<u32>,
    /// How many of the newest files are kept; all where absent.
    pub retention_count: Option<u32>,
    /// Delays between attempts at one request.
    pub retry_delays: RetryDelays,
}

impl Settings {
    /// Reads `REPORT_OUTPUT_DIR`, `REPORT_RETENTION_DAYS`, `REPORT_RETENTION_COUNT`,
    /// `REPORT_ATTACH_UP_TO`, `PUBLIC_URL`, `CSV_DELIMITER` and `RETRY_DELAYS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let options = ReportOptions {
            delimiter: env.exact("CSV_DELIMITER").map(str::to_owned),
            ..ReportOptions::default()
        };
        let delimiter =
            options.delimiter_byte().map_err(|e| error("CSV_DELIMITER", e.message, ","))?;
        Ok(Self {
            output_dir: env.text("REPORT_OUTPUT_DIR").unwrap_or("/reports").into(),
            attach_up_to: limit(env.or("REPORT_ATTACH_UP_TO", "0")?),
            public_url: env.http_url("PUBLIC_URL", "http://localhost:3000")?,
            csv_delimiter: delimiter.unwrap_or(b','),
            retention_days: limit(env.or("REPORT_RETENTION_DAYS", "90")?),
            retention_count: limit(env.or("REPORT_RETENTION_COUNT", "0")?),
            retry_delays: env.or("RETRY_DELAYS", "1s,5s,30s,2m,10m")?,
        })
    }
}

/// None where there is to be no limit, which `0` says.
fn limit(number: u32) -> Option<u32> {
    (number > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_is_a_delimiter() {
        let delimiter = |text: &str| {
            let env = Env::from_values([("CSV_DELIMITER", text)]);
            Settings::from_env(&env).map(|settings| settings.csv_delimiter)
        };
        assert_eq!(delimiter("\t"), Ok(b'\t'));
        assert_eq!(delimiter(""), Ok(b','));
        assert!(delimiter("ab").unwrap_err().to_string().starts_with("CSV_DELIMITER: "));
    }
}
