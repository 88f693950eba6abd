//! Files that hold personal data.

use std::fs::OpenOptions;

/// How such a file is opened to be written: one that is created so is for its owner's eyes only.
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
