//! The link and TLS: gateways that may be talked to, and those that may not.
#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests, too")]

use std::sync::Arc;
use std::time::Duration;

use client_core::security::CaFile;
use client_core::{GatewayAddress, Link, LinkEvent, Security};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The longest wait for something that should happen at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A CA, and clients that trust it.
struct Ca {
    issuer: Issuer<'static, KeyPair>,
    trusting: Security,
}

impl Ca {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            trusting: Security::with_ca(&CaFile::read(&path).unwrap()),
        }
    }

    /// What a gateway with a certificate of this CA accepts TLS with.
    fn acceptor(&self, change: impl FnOnce(&mut CertificateParams)) -> TlsAcceptor {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A port, and a link that connects to it.
async fn opened(security: &Security) -> (TcpListener, Link) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let gateway = GatewayAddress::parse(&address).unwrap();
    let link = Link::open(&Handle::current(), &[gateway], security, "test");
    (listener, link)
}

async fn accept(listener: &TcpListener, acceptor: &TlsAcceptor) -> TlsStream<TcpStream> {
    let (stream, _) = listener.accept().await.unwrap();
    acceptor.accept(stream).await.unwrap()
}

async fn next(link: &mut Link) -> LinkEvent {
    let event = tokio::time::timeout(TIMEOUT, link.next()).await;
    event.expect("an event in time").expect("the link lives")
}

async fn lost(link: &mut Link) -> String {
    match next(link).await {
        LinkEvent::Lost { reason } => reason,
        event => panic!("{event:?}"),
    }
}

/// The reason for which a link ends that has never had a connection.
async fn ended(link: &mut Link) -> String {
    let reason = match next(link).await {
        LinkEvent::Ended { reason } => reason,
        event => panic!("{event:?}"),
    };
    assert!(link.next().await.is_none(), "nothing follows");
    reason
}

/// What a link says of the first gateway, which accepts with `acceptor`.
async fn objection(security: &Security, acceptor: TlsAcceptor) -> String {
    let (listener, mut link) = opened(security).await;
    let gateway = async {
        let (stream, _) = listener.accept().await.unwrap();
        // The client breaks the handshake off.
        acceptor.accept(stream).await.is_err()
    };
    let (reason, is_broken) = tokio::join!(ended(&mut link), gateway);
    assert!(is_broken, "{reason}");
    reason
}

#[tokio::test]
async fn says_hello_to_a_gateway_that_it_trusts() {
    let ca = Ca::new();
    let (listener, mut link) = opened(&ca.trusting).await;
    let mut stream = accept(&listener, &ca.acceptor(|_| ())).await;
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    let mut head = [0; 3];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[2], 0, "the kind of a hello");
}

#[tokio::test]
async fn ends_with_a_sentence_where_the_certificate_does_not_hold() {
    let (ca, other) = (Ca::new(), Ca::new());
    let reason = objection(&other.trusting, ca.acceptor(|_| ())).await;
    assert!(
        reason.contains("not trusted: give its CA with --ca FILE"),
        "{reason}"
    );

    let elsewhere = ca.acceptor(|params| {
        *params = CertificateParams::new(["elsewhere.example".to_owned()]).unwrap();
    });
    let reason = objection(&ca.trusting, elsewhere).await;
    assert!(
        reason.contains("for another name than 127.0.0.1"),
        "{reason}"
    );

    let expired = ca.acceptor(|params| params.not_after = date_time_ymd(2_000, 1, 1));
    let reason = objection(&ca.trusting, expired).await;
    assert!(reason.contains("has expired"), "{reason}");

    let early = ca.acceptor(|params| params.not_before = date_time_ymd(4_000, 1, 1));
    let reason = objection(&ca.trusting, early).await;
    assert!(reason.contains("not valid yet"), "{reason}");
}

#[tokio::test]
async fn ends_where_the_gateway_speaks_plain_text() {
    let ca = Ca::new();
    let (listener, mut link) = opened(&ca.trusting).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    // The length and kind of a goodbye.
    stream.write_all(&[0, 90, 1, b'{', b'"']).await.unwrap();
    let reason = ended(&mut link).await;
    assert_eq!(reason, "the gateway speaks plain text: leave --tls out");
}

#[tokio::test]
async fn goes_on_trying_once_a_certificate_has_held() {
    let (ca, other) = (Ca::new(), Ca::new());
    let (listener, mut link) = opened(&ca.trusting).await;
    let good = ca.acceptor(|_| ());
    let mut stream = accept(&listener, &good).await;
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
    // As a process that is killed: without TLS's word that nothing follows.
    stream.get_mut().0.shutdown().await.unwrap();
    assert_eq!(lost(&mut link).await, "the server closed the connection");

    let (stream, _) = listener.accept().await.unwrap();
    assert!(other.acceptor(|_| ()).accept(stream).await.is_err());
    let reason = lost(&mut link).await;
    assert!(reason.contains("is not trusted"), "{reason}");
    let _stream = accept(&listener, &good).await;
    assert_eq!(next(&mut link).await, LinkEvent::Connected);
}

#[tokio::test]
async fn a_gateway_with_too_many_connections_is_tried_again() {
    let ca = Ca::new();
    let (listener, mut link) = opened(&ca.trusting).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let access_denied = [0x15, 3, 3, 0, 2, 2, 49];
    stream.write_all(&access_denied).await.unwrap();
    let reason = lost(&mut link).await;
    assert!(reason.contains("too many connections"), "{reason}");
    let (stream, _) = listener.accept().await.unwrap();
    assert!(ca.acceptor(|_| ()).accept(stream).await.is_ok());
}
