//! TLS (RFC 8446): whom to trust as a client, and what to show as a server.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use chrono::{DateTime, Utc};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use x509_parser::parse_x509_certificate;

use crate::config::{ConfigError, Env, error};

/// Whom the system trusts; read once, since every client asks.
static SYSTEM: LazyLock<RootCertStore> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
});

/// Whom a process trusts when it calls others: those that the system trusts, and the authority in
/// `TLS_CA_FILE`. Cheap to clone.
#[derive(Clone)]
pub struct Trust {
    ca: Option<Arc<str>>,
    client: Arc<ClientConfig>,
}

impl Trust {
    /// Trusts the system's authorities and `ca`, one certificate or several (PEM).
    pub fn new(ca: Option<&str>) -> Result<Self, String> {
        let mut roots = SYSTEM.clone();
        let mut added = 0;
        for certificate in CertificateDer::pem_slice_iter(ca.unwrap_or_default().as_bytes()) {
            roots.add(certificate.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
            added += 1;
        }
        if ca.is_some() && added == 0 {
            return Err("it holds no certificate".to_owned());
        }
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { ca: ca.map(Into::into), client: Arc::new(client) })
    }

    /// Reads `TLS_CA_FILE`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let Some(path) = env.text("TLS_CA_FILE") else {
            return Self::new(None).map_err(|e| unusable("TLS_CA_FILE", "", e));
        };
        let ca = fs::read_to_string(path).map_err(|e| unusable("TLS_CA_FILE", path, e))?;
        Self::new(Some(&ca)).map_err(|e| unusable("TLS_CA_FILE", path, e))
    }

    /// The authority's certificates (PEM), for libraries that build their own list.
    pub fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// How a client checks servers.
    pub fn client_config(&self) -> &Arc<ClientConfig> {
        &self.client
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("ca", &self.ca.is_some()).finish_non_exhaustive()
    }
}

/// The files that a server proves itself with: its certificate with those between it and the
/// authority, and the private key (PEM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
}

/// An identity as it was read.
#[derive(PartialEq, Eq)]
pub(crate) struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    /// Names the two files.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into() }
    }

    /// Reads `TLS_CERT_FILE` and `TLS_KEY_FILE`, both or neither, and checks that they can be used.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        let (certificate, key) = match (env.text("TLS_CERT_FILE"), env.text("TLS_KEY_FILE")) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => {
                let problem = "is not set, but TLS_CERT_FILE is";
                return Err(error("TLS_KEY_FILE", problem, "/etc/userstream/tls/key.pem"));
            }
            (None, Some(_)) => {
                let problem = "is not set, but TLS_KEY_FILE is";
                return Err(error("TLS_CERT_FILE", problem, "/etc/userstream/tls/cert.pem"));
            }
        };
        let readable = |variable, path| fs::read(path).map_err(|e| unusable(variable, path, e));
        let pem = Pem {
            certificate: readable("TLS_CERT_FILE", certificate)?,
            key: readable("TLS_KEY_FILE", key)?,
        };
        pem.server_config().map_err(|e| unusable("TLS_CERT_FILE", certificate, e))?;
        Ok(Some(Self::new(certificate, key)))
    }

    /// Reads both files.
    pub(crate) fn read(&self) -> io::Result<Pem> {
        Ok(Pem { certificate: fs::read(&self.certificate)?, key: fs::read(&self.key)? })
    }

    /// When the certificate ends.
    pub fn expires_at(&self) -> Result<DateTime<Utc>, String> {
        self.read().map_err(|e| e.to_string())?.expires_at()
    }

    /// Where the certificate is.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }
}

impl Pem {
    /// How a server answers with it; fails where certificate and key do not belong together.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>, String> {
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| format!("the certificate is not PEM: {e}"))?;
        if chain.is_empty() {
            return Err("it holds no certificate".to_owned());
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| "TLS_KEY_FILE holds no private key in PEM".to_owned())?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| format!("certificate and key cannot be used together: {e}"))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl Pem {
    /// When the server's own certificate, the first, ends.
    pub(crate) fn expires_at(&self) -> Result<DateTime<Utc>, String> {
        let first = CertificateDer::from_pem_slice(&self.certificate).map_err(|e| e.to_string())?;
        let (_, certificate) = parse_x509_certificate(&first).map_err(|e| e.to_string())?;
        let end = certificate.validity().not_after.timestamp();
        DateTime::from_timestamp(end, 0).ok_or_else(|| "its end is no time".to_owned())
    }
}

/// The one implementation of cryptography in the house.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn unusable(variable: &str, path: &str, problem: impl std::fmt::Display) -> ConfigError {
    error(variable, format!("{path:?} cannot be used: {problem}"), "/etc/userstream/tls/FILE.pem")
}
