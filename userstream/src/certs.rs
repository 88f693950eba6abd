//! `userstream certs`: an authority for development and closed networks, and certificates that it signs.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use chrono::{Datelike, Days, NaiveDate, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use wiring::Error;

use crate::cli::CertsOptions;

/// How long the authority is good for, in days.
const AUTHORITY_DAYS: u64 = 3_650;
/// The authority's name; who signs a later certificate must go by the same.
const AUTHORITY: &str = "UserStream development CA";
/// Who gets a certificate.
const SERVERS: [&str; 7] = [
    "frontend",
    "queue-receiver",
    "sender",
    "database-service",
    "report-generator",
    "postgres",
    "rabbitmq",
];

pub(crate) fn run(options: &CertsOptions) -> Result<(), Error> {
    let dir = &options.out;
    fs::create_dir_all(dir).map_err(|e| unusable(dir, &e))?;
    let authority = authority(dir)?;
    for server in SERVERS {
        let (key, params) = (new_key()?, server_params(server, options)?);
        let certificate = params.signed_by(&key, &authority).map_err(told)?;
        write_secret(&dir.join(format!("{server}-key.pem")), &key.serialize_pem())?;
        write(&dir.join(format!("{server}.pem")), &certificate.pem())?;
    }
    let shown = dir.display();
    println!(
        "Certificates for {} days are in {shown}, one for each service, PostgreSQL and RabbitMQ.\n\n  \
         TLS_CA_FILE={shown}/ca.pem\n  \
         TLS_CERT_FILE={shown}/frontend.pem       (and so on, for each service its own)\n  \
         TLS_KEY_FILE={shown}/frontend-key.pem\n\n\
         Run this again before they end: services take up new ones without a restart. Keep {shown}/ca-key.pem\n\
         to yourself: whoever has it can pass for any of them.",
        options.days
    );
    Ok(())
}

/// The folder's authority, made at the first time.
fn authority(dir: &Path) -> Result<Issuer<'static, KeyPair>, Error> {
    let key_file = dir.join("ca-key.pem");
    let key = match fs::read_to_string(&key_file) {
        Ok(pem) => KeyPair::from_pem(&pem).map_err(|e| {
            let file = key_file.display();
            Error::new(format!("{file} is no private key ({e}). Remove it to begin anew."))
        })?,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let key = new_key()?;
            let certificate = authority_params()?.self_signed(&key).map_err(told)?;
            write_secret(&key_file, &key.serialize_pem())?;
            write(&dir.join("ca.pem"), &certificate.pem())?;
            key
        }
        Err(e) => return Err(unusable(&key_file, &e)),
    };
    Ok(Issuer::new(authority_params()?, key))
}

fn authority_params() -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new([]).map_err(told)?;
    params.distinguished_name.push(DnType::CommonName, AUTHORITY);
    // It signs servers and no further authorities.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, AUTHORITY_DAYS)?;
    Ok(params)
}

/// A certificate for a server's name in the network of containers, for this machine, and for what was asked.
fn server_params(server: &str, options: &CertsOptions) -> Result<CertificateParams, Error> {
    let mut names = vec![server.to_owned(), "localhost".to_owned()];
    names.extend(options.names.iter().cloned());
    let mut params = CertificateParams::new(names).map_err(|e| {
        Error::new(format!(
            "a name cannot be part of a certificate: {e}. Names are as in example.com."
        ))
    })?;
    let here = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
    params.subject_alt_names.extend(here.map(SanType::IpAddress));
    params.distinguished_name.push(DnType::CommonName, server);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, options.days)?;
    Ok(params)
}

/// From yesterday, for clocks that are behind, for so many days.
fn valid(params: &mut CertificateParams, days: u64) -> Result<(), Error> {
    let today = Utc::now().date_naive();
    let too_long = || Error::new("--days: the end would be after the last date that there is");
    let begin = today.pred_opt().ok_or_else(too_long)?;
    let end = today.checked_add_days(Days::new(days)).ok_or_else(too_long)?;
    if end.year() > 9_999 {
        return Err(too_long());
    }
    let at = |date: NaiveDate| {
        let (month, day) = (date.month(), date.day());
        date_time_ymd(date.year(), u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
    };
    (params.not_before, params.not_after) = (at(begin), at(end));
    Ok(())
}

fn new_key() -> Result<KeyPair, Error> {
    KeyPair::generate().map_err(told)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|e| unusable(path, &e))
}

/// Writes what only its owner may read. A key that was there is replaced at once, never half.
fn write_secret(path: &Path, text: &str) -> Result<(), Error> {
    let fresh = path.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|e| unusable(path, &e))
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(format!("cannot use {}: {error}. Choose another folder with --out.", path.display()))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn told(error: rcgen::Error) -> Error {
    Error::new(format!("a certificate could not be made: {error}"))
}
