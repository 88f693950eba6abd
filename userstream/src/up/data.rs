//! The data folder: its secret, and the first administrator's password.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use runtime::{Env, Secret};
use store::Store;

use wiring::Error;

/// Who logs in unless a person says otherwise.
const ADMIN_EMAIL: &str = "admin@example.com";

/// The account that this start creates.
pub(crate) struct Administrator {
    pub(crate) email: String,
    pub(crate) password: Secret,
}

/// Makes the folder, for this user's eyes only: it will hold personal data.
pub(crate) fn prepare(dir: &Path) -> Result<(), Error> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| {
        let dir = dir.display();
        Error::new(format!(
            "cannot make the data folder {dir}: {e}. Choose another with --data-dir."
        ))
    })
}

/// `JWT_SECRET`, or the folder's own secret, made at the first start.
pub(crate) fn secret(env: &Env, dir: &Path) -> Result<String, Error> {
    if let Some(secret) = env.text("JWT_SECRET") {
        return Ok(secret.to_owned());
    }
    if let Some(secret) = read_secret(dir)? {
        return Ok(secret.expose().to_owned());
    }
    let secret = random(64, b"0123456789abcdef")?;
    let path = secret_file(dir);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| unusable(&path, &e))?;
    file.write_all(secret.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|e| unusable(&path, &e))?;
    Ok(secret)
}

/// The folder's secret, if it has one.
pub(crate) fn read_secret(dir: &Path) -> Result<Option<Secret>, Error> {
    let path = secret_file(dir);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Secret::new(text.trim()))),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unusable(&path, &e)),
    }
}

/// Whom to create: nobody, if there are accounts or the variables name one.
pub(crate) async fn first_administrator(
    env: &Env,
    store: &dyn Store,
) -> Result<Option<Administrator>, Error> {
    let has_accounts = store.has_accounts().await.map_err(|e| Error::new(e.to_string()))?;
    if has_accounts || env.is_set("ADMIN_EMAIL") || env.is_set("ADMIN_PASSWORD") {
        return Ok(None);
    }
    // No letter that is mistaken for another one; 20 of them hold more than 100 bits.
    let password =
        Secret::new(random(20, b"abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ2346789")?);
    Ok(Some(Administrator { email: ADMIN_EMAIL.to_owned(), password }))
}

fn secret_file(dir: &Path) -> PathBuf {
    dir.join("secret")
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(format!(
        "cannot use {}: {error}. Choose another folder with --data-dir.",
        path.display()
    ))
}

/// Random characters of an alphabet, without bias.
fn random(length: usize, alphabet: &[u8]) -> Result<String, Error> {
    let fair = u8::MAX - u8::MAX % u8::try_from(alphabet.len()).unwrap_or(u8::MAX);
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(|e| Error::new(format!("no random numbers: {e}")))?;
        if byte[0] < fair {
            text.push(char::from(alphabet[usize::from(byte[0]) % alphabet.len()]));
        }
    }
    Ok(text)
}
