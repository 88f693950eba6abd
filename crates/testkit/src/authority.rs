//! A certificate authority of the test's own.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Signs certificates for servers. Whoever trusts its own trusts them.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A server's certificate and key, as PEM files.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key, which only the owner may read.
    pub key: PathBuf,
}

impl Authority {
    /// Makes one that nobody trusts yet.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key_pair()).expect("a certificate");
        Self { issuer }
    }

    /// Its own certificate, in PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes its own certificate to a file of the folder.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let file = folder.join("authority.pem");
        fs::write(&file, self.pem()).expect("a writable folder");
        file
    }

    /// Signs for a server of that name, and writes certificate and key to files of the folder.
    pub fn issue(&self, host: &str, folder: &Path) -> Certificate {
        let key = key_pair();
        let params = CertificateParams::new([host.to_owned()]).expect("the name of a host");
        let signed = params.signed_by(&key, &self.issuer).expect("a certificate");
        let files = Certificate {
            certificate: folder.join(format!("{host}.cert.pem")),
            key: folder.join(format!("{host}.key.pem")),
        };
        fs::write(&files.certificate, signed.pem()).expect("a writable folder");
        let private = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&files.key);
        private.expect("a file").write_all(key.serialize_pem().as_bytes()).expect("written");
        files
    }
}

fn key_pair() -> KeyPair {
    KeyPair::generate().expect("a key")
}
