//! TLS around a connection, and what its errors mean to a person.

use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use crate::address::GatewayAddress;
use crate::security::Security;

/// Time that a gateway has for the handshake: the time that it gives a client.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection, encrypted or not.
pub(super) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// The reason for which a connection cannot be used, as a phrase for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecureError {
    /// The gateway is not one that this client may talk to, and will not be in a second.
    Refused(String),
    /// The gateway has too many connections.
    Crowded(String),
    /// The connection broke.
    Broken(String),
}

/// Encrypts a connection to a gateway where that is asked for.
///
/// # Errors
/// When the gateway cannot prove to be what its address says, does not speak TLS, or does
/// not answer in time.
pub(super) async fn secure(
    stream: TcpStream,
    security: &Security,
    gateway: &GatewayAddress,
) -> Result<Stream, SecureError> {
    let config = match security {
        Security::Plain => return Ok(Either::Left(stream)),
        Security::Tls(config) => config.clone(),
    };
    let name = ServerName::try_from(gateway.host()).map_err(|_invalid| {
        SecureError::Refused(format!("no certificate can be for {}", gateway.host()))
    })?;
    let handshake = TlsConnector::from(config).connect(name.to_owned(), stream);
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
        Ok(Ok(secured)) => Ok(Either::Right(secured)),
        Ok(Err(error)) => Err(meaning(&error, gateway)),
        Err(_elapsed) => Err(SecureError::Broken(format!(
            "{gateway} has not answered the TLS handshake"
        ))),
    }
}

fn meaning(error: &io::Error, gateway: &GatewayAddress) -> SecureError {
    let tls = error.get_ref();
    let tls = tls.and_then(|it| it.downcast_ref::<rustls::Error>());
    let Some(tls) = tls else {
        return SecureError::Broken(format!("the TLS handshake with {gateway} failed: {error}"));
    };
    match tls {
        rustls::Error::InvalidCertificate(error) => {
            SecureError::Refused(objection(error, gateway.host()))
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            SecureError::Refused("the gateway speaks plain text: leave --tls out".to_owned())
        }
        // A gateway says it before the handshake.
        rustls::Error::AlertReceived(AlertDescription::AccessDenied) => {
            SecureError::Crowded("too many connections from your address".to_owned())
        }
        error => SecureError::Broken(format!("the TLS handshake with {gateway} failed: {error}")),
    }
}

/// What is wrong with a certificate, as a phrase for people.
fn objection(error: &CertificateError, host: &str) -> String {
    use CertificateError as Error;
    match error {
        Error::UnknownIssuer | Error::BadSignature => {
            "the gateway's certificate is not trusted: give its CA with --ca FILE".to_owned()
        }
        Error::NotValidForName | Error::NotValidForNameContext { .. } => {
            format!("the gateway's certificate is for another name than {host}")
        }
        Error::Expired | Error::ExpiredContext { .. } => {
            "the gateway's certificate has expired".to_owned()
        }
        Error::NotValidYet | Error::NotValidYetContext { .. } => {
            "the gateway's certificate is not valid yet: is this machine's clock right?".to_owned()
        }
        Error::Revoked => "the gateway's certificate has been revoked".to_owned(),
        error => format!("the gateway's certificate cannot be used: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning_of(error: rustls::Error) -> SecureError {
        let gateway = GatewayAddress::parse("a.example:10000").unwrap();
        let error = io::Error::new(io::ErrorKind::InvalidData, error);
        meaning(&error, &gateway)
    }

    #[test]
    fn a_certificate_that_does_not_hold_is_refused_with_a_sentence() {
        let cases = [
            (CertificateError::UnknownIssuer, "not trusted: give its CA"),
            (
                CertificateError::NotValidForName,
                "another name than a.example",
            ),
            (CertificateError::Expired, "has expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::BadEncoding, "cannot be used"),
        ];
        for (error, words) in cases {
            let meaning = meaning_of(rustls::Error::InvalidCertificate(error));
            let SecureError::Refused(reason) = meaning else {
                panic!("{meaning:?}")
            };
            assert!(reason.contains(words), "{reason}");
        }
    }

    #[test]
    fn plain_text_is_refused_and_a_crowd_or_a_break_is_not() {
        let plain = InvalidMessage::InvalidContentType.into();
        let SecureError::Refused(reason) = meaning_of(plain) else {
            panic!("it is not refused")
        };
        assert!(reason.contains("leave --tls out"), "{reason}");
        let crowded = meaning_of(rustls::Error::AlertReceived(AlertDescription::AccessDenied));
        assert!(matches!(crowded, SecureError::Crowded(_)), "{crowded:?}");
        let broken = meaning_of(rustls::Error::HandshakeNotComplete);
        assert!(matches!(broken, SecureError::Broken(_)), "{broken:?}");
    }
}
