//! Whether connections are encrypted, and which certificates are trusted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use clap::builder::FalseyValueParser;
use rustls::client::{Resumption, WantsClientCert};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject};
use rustls_platform_verifier::BuilderVerifierExt;

/// The options of a client that decide about TLS.
#[derive(Args, Clone, Debug, Default)]
pub struct TlsOptions {
    /// Connect with TLS, to gateways whose certificates this system trusts
    #[arg(long, env = "SLIPSTREAM_TLS", value_parser = FalseyValueParser::new())]
    pub tls: bool,

    /// Connect with TLS, to gateways whose certificates are issued by a CA in this PEM
    /// file
    #[arg(long, value_name = "FILE", env = "SLIPSTREAM_CA")]
    pub ca: Option<CaFile>,
}

impl TlsOptions {
    /// Returns what the options ask for.
    ///
    /// # Errors
    /// When this system's certificates are asked for and there are none.
    pub fn security(&self) -> Result<Security, SystemRootsError> {
        match &self.ca {
            Some(ca) => Ok(Security::with_ca(ca)),
            None if self.tls => Security::with_system_roots(),
            None => Ok(Security::Plain),
        }
    }
}

/// Whether a connection is encrypted. Clones share the trusted certificates.
#[derive(Clone, Debug, Default)]
pub enum Security {
    /// Plain text, for a network that is trusted.
    #[default]
    Plain,
    /// TLS with a gateway whose certificate is verified.
    Tls(Arc<ClientConfig>),
}

impl Security {
    /// TLS with gateways whose certificates this system trusts.
    ///
    /// # Errors
    /// When the system has no certificates.
    pub fn with_system_roots() -> Result<Self, SystemRootsError> {
        let verifying = builder().with_platform_verifier();
        Ok(Self::tls(verifying.map_err(SystemRootsError)?))
    }

    /// TLS with gateways whose certificates were issued by these CAs, and no others.
    #[must_use]
    pub fn with_ca(ca: &CaFile) -> Self {
        Self::tls(builder().with_root_certificates(Arc::clone(&ca.roots)))
    }

    fn tls(verifying: ConfigBuilder<ClientConfig, WantsClientCert>) -> Self {
        let mut config = verifying.with_no_client_auth();
        // Gateways keep nothing of a session for the next one.
        config.resumption = Resumption::disabled();
        Self::Tls(Arc::new(config))
    }
}

fn builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3")
}

/// This system has no certificates to trust.
#[derive(Debug, thiserror::Error)]
#[error("this system's trusted certificates cannot be read: {0}; give a CA with --ca FILE")]
pub struct SystemRootsError(rustls::Error);

/// The certificates of one or more CAs, read from a PEM file.
#[derive(Clone)]
pub struct CaFile {
    path: PathBuf,
    roots: Arc<RootCertStore>,
}

/// The reason for which a file does not hold certificates of CAs.
#[derive(Debug, thiserror::Error)]
pub enum CaFileError {
    /// The file cannot be read.
    #[error("{0}")]
    Read(std::io::Error),
    /// The file has something else in it.
    #[error("the file holds no certificate: PEM is expected, from BEGIN to END CERTIFICATE")]
    NoCertificate,
    /// The file is damaged.
    #[error("the file is not PEM: {0}")]
    NotPem(pem::Error),
    /// A certificate is damaged, or of a kind that is not supported.
    #[error("a certificate in the file cannot be used: {0}")]
    Unusable(rustls::Error),
}

impl CaFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Returns what is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, CaFileError> {
        let mut roots = RootCertStore::empty();
        let because = |error: pem::Error| match error {
            pem::Error::Io(error) => CaFileError::Read(error),
            error => CaFileError::NotPem(error),
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(because)? {
            let certificate = certificate.map_err(because)?;
            roots.add(certificate).map_err(CaFileError::Unusable)?;
        }
        if roots.is_empty() {
            return Err(CaFileError::NoCertificate);
        }
        Ok(Self {
            path: path.to_owned(),
            roots: Arc::new(roots),
        })
    }
}

impl FromStr for CaFile {
    type Err = CaFileError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        Self::read(Path::new(path))
    }
}

impl fmt::Debug for CaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CaFile").field(&self.path).finish()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[derive(Debug, Parser)]
    struct Options {
        #[command(flatten)]
        tls: TlsOptions,
    }

    fn parse(arguments: &[&str]) -> Result<TlsOptions, String> {
        let all = ["client"].iter().chain(arguments);
        let options = Options::try_parse_from(all);
        options.map(|it| it.tls).map_err(|error| error.to_string())
    }

    #[test]
    fn a_ca_implies_tls() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        std::fs::write(&path, certificate.pem().repeat(2)).unwrap();
        let options = parse(&["--ca", path.to_str().unwrap()]).unwrap();
        assert!(matches!(options.security(), Ok(Security::Tls(_))));
        let plain = parse(&[]).unwrap().security().unwrap();
        assert!(matches!(plain, Security::Plain));
        assert!(parse(&["--tls"]).unwrap().tls);
    }

    #[test]
    fn says_what_is_wrong_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let damaged = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
        let unusable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let missing = folder.path().join("missing.pem");
        let cases = [
            (missing.to_str().unwrap().to_owned(), "No such file"),
            (file("empty.pem", ""), "holds no certificate"),
            (file("damaged.pem", damaged), "not PEM"),
            (file("unusable.pem", unusable), "cannot be used"),
        ];
        for (path, expected) in cases {
            let error = parse(&["--ca", &path]).unwrap_err();
            for part in ["--ca", path.as_str(), expected] {
                assert!(error.contains(part), "{error}");
            }
        }
    }
}
