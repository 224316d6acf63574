//! TLS towards clients: the certificate in use, and the handshake.
//!
//! TLS is a wrapper around the socket (ADR 030): [`connection::serve`](crate::connection::serve)
//! sees a byte stream in both cases. Nothing is kept of a session for the next one: a full
//! handshake costs some tens of microseconds, a client that reconnects comes to any gateway,
//! and tickets would be memory for each connection and a key to rotate.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::server::NoServerSessionStorage;
use rustls::{InconsistentKeys, ServerConfig};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use service::Shutdown;
use tokio::net::TcpStream;
use tokio::signal::unix::Signal;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::limits::HELLO_TIMEOUT;
use crate::metrics;

/// Bytes of a connection that may wait encrypted while its socket takes none: one record of
/// the largest size. The frames behind them wait in the `SendQueue`, which bounds them.
const UNSENT_BYTES_MAX: usize = 16 * 1024;

/// The first byte of a TLS connection: the type of a record with handshake messages. No frame
/// of a client begins with it, since its length would be beyond what a client may send.
const HANDSHAKE_RECORD: u8 = 0x16;

/// The major version in every TLS record, the second byte.
const RECORD_VERSION: u8 = 3;

/// A fatal alert of TLS, *access denied*, in a record of its own: what a client can read before
/// the handshake, and what costs nothing to say.
pub(crate) const ACCESS_DENIED_ALERT: [u8; 7] = [0x15, RECORD_VERSION, 3, 0, 2, 2, 49];

/// An encrypted connection. Boxed, since a session has a kilobyte, which every task would
/// otherwise have too.
pub(crate) type Secured = Box<TlsStream<TcpStream>>;

/// The certificate of the client ports. All connections share it.
#[derive(Debug)]
pub(crate) struct Tls {
    files: CertificateFiles,
    config: Mutex<Arc<ServerConfig>>,
}

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    /// The certificate, then those that lead to its CA, as PEM.
    pub(crate) certificate: PathBuf,
    /// Its private key, as PEM.
    pub(crate) key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// A file cannot be read, or is not PEM.
    #[error("cannot read {what} {}: {}", .path.display(), plain(.error))]
    Read {
        what: &'static str,
        path: PathBuf,
        error: pem::Error,
    },
    /// A file holds something else.
    #[error("{what} {} holds {missing}: PEM is expected", .path.display())]
    Missing {
        what: &'static str,
        path: PathBuf,
        missing: &'static str,
    },
    /// The two do not belong together.
    #[error(
        "the key {} is not that of the certificate {}",
        .0.key.display(), .0.certificate.display()
    )]
    KeyMismatch(CertificateFiles),
    /// The library refuses them.
    #[error(
        "cannot use the certificate {} with the key {}: {}",
        .files.certificate.display(), .files.key.display(), .error
    )]
    Unusable {
        files: CertificateFiles,
        error: rustls::Error,
    },
}

/// Why there is no encrypted connection.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    /// The client does not speak TLS. It can be told on its own terms.
    PlainText(TcpStream),
    /// The client took longer than [`HELLO_TIMEOUT`].
    Timeout,
    /// The client closed the connection without a word, as a health check does.
    Closed,
    /// The client's messages are wrong, or it does not accept the certificate.
    Failed(io::Error),
}

impl HandshakeError {
    /// The outcome as a label of a metric.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::PlainText(_) => "plain_text",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlainText(_) => f.write_str("the client speaks plain text"),
            Self::Timeout => f.write_str("the client took too long"),
            Self::Closed => f.write_str("the client closed the connection"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl Tls {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// When they cannot be used.
    pub(crate) fn load(files: CertificateFiles) -> Result<Self, CertificateError> {
        Ok(Self {
            config: Mutex::new(Arc::new(config(&files)?)),
            files,
        })
    }

    /// Reads both again. Handshakes that begin later use them; connections stay.
    ///
    /// # Errors
    /// When they cannot be used: those in use stay.
    pub(crate) fn reload(&self) -> Result<(), CertificateError> {
        let config = Arc::new(config(&self.files)?);
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Makes an encrypted connection of a client's socket within [`HELLO_TIMEOUT`].
    ///
    /// # Errors
    /// When the client does not speak TLS, or not in time, or does not like what it hears.
    pub(crate) async fn handshake(&self, stream: TcpStream) -> Result<Secured, HandshakeError> {
        // Boxed: a handshake has state that a connection does not carry through its life.
        let negotiation = Box::pin(self.negotiate(stream));
        let outcome = tokio::time::timeout(HELLO_TIMEOUT, negotiation).await;
        outcome.unwrap_or(Err(HandshakeError::Timeout))
    }

    async fn negotiate(&self, stream: TcpStream) -> Result<Secured, HandshakeError> {
        let mut first = [0];
        match stream.peek(&mut first).await {
            Ok(0) => return Err(HandshakeError::Closed),
            Ok(_) if first == [HANDSHAKE_RECORD] => {}
            Ok(_) => return Err(HandshakeError::PlainText(stream)),
            Err(error) => return Err(HandshakeError::Failed(error)),
        }
        let secured = TlsAcceptor::from(self.config())
            .accept_with(stream, |session| {
                session.set_buffer_limit(Some(UNSENT_BYTES_MAX));
            })
            .await;
        secured.map(Box::new).map_err(HandshakeError::Failed)
    }

    fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether bytes from a client begin a TLS connection.
pub(crate) fn begins_handshake(bytes: &[u8]) -> bool {
    bytes.starts_with(&[HANDSHAKE_RECORD, RECORD_VERSION])
}

/// Reads the certificate again at each SIGHUP until shutdown. A gateway without TLS survives
/// the signal too.
pub(crate) async fn reload_on_hangup(
    tls: Option<Arc<Tls>>,
    mut hangups: Signal,
    shutdown: Shutdown,
) {
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            hangup = hangups.recv() => if hangup.is_none() {
                return;
            },
        }
        let Some(tls) = tls.clone() else {
            tracing::info!("SIGHUP: there is no certificate to read again");
            continue;
        };
        // Reading a file may take long, where it is on another machine.
        let reloaded = tokio::task::spawn_blocking(move || tls.reload()).await;
        match reloaded {
            Ok(Ok(())) => {
                tracing::info!("SIGHUP: the certificate has been read again");
                metrics::certificate_reloaded("done");
            }
            Ok(Err(error)) => {
                tracing::error!("SIGHUP: {error}; the certificate in use stays");
                metrics::certificate_reloaded("failed");
            }
            // The runtime ends, or reading has panicked, which has been printed.
            Err(_) => metrics::certificate_reloaded("failed"),
        }
    }
}

fn config(files: &CertificateFiles) -> Result<ServerConfig, CertificateError> {
    let (chain, key) = (read_chain(&files.certificate)?, read_key(&files.key)?);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3");
    let config = builder.with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            CertificateError::KeyMismatch(files.clone())
        }
        error => CertificateError::Unusable {
            files: files.clone(),
            error,
        },
    })?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let what = "the certificate";
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
    let chain = chain.map_err(|error| CertificateError::Read {
        what,
        path: path.to_owned(),
        error,
    })?;
    if chain.is_empty() {
        return Err(CertificateError::Missing {
            what,
            path: path.to_owned(),
            missing: "no certificate",
        });
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let what = "the key";
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        pem::Error::NoItemsFound => CertificateError::Missing {
            what,
            path: path.to_owned(),
            missing: "no private key",
        },
        error => CertificateError::Read {
            what,
            path: path.to_owned(),
            error,
        },
    })
}

/// The system's own words for an error of the system.
fn plain(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        error => format!("{error}: PEM is expected"),
    }
}

#[cfg(test)]
mod tests;
