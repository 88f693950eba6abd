//! What a person needs to know once everything runs.

use std::path::Path;

use runtime::Env;

use super::data::Administrator;

/// Prints it to standard error: standard output is for the log.
pub(super) fn print(env: &Env, dir: &Path, administrator: Option<&Administrator>) {
    let url = env.text("PUBLIC_URL").unwrap_or_default();
    eprintln!("\n  UserStream is running.\n");
    eprintln!("  Page      {url}");
    eprintln!("  Console   {url}/admin");
    if let Some(first) = administrator {
        eprintln!("  Admin     {}  {}", first.email, first.password.expose());
        eprintln!("            (this password is shown once: keep it)");
    }
    eprintln!("  API       {url}/api-docs");
    eprintln!(
        "  E-mails   {}",
        env.text("SMTP_HOST").or(env.text("MAIL_OUTBOX_DIR")).unwrap_or_default()
    );
    eprintln!("  Reports   {}", env.text("REPORT_OUTPUT_DIR").unwrap_or_default());
    eprintln!("  Data      {}", dir.display());
    eprintln!("  Stop      Ctrl-C\n");
}
