use std::time::{Duration, Instant};

use bytes::Bytes;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::{TlsConnector, client};

use super::*;
use crate::send_queue::SendQueue;

/// The longest wait for what happens at once.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Two files with a certificate for localhost, which clients trust as it is.
struct Files {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = write(folder.path());
        Self {
            folder,
            certificate,
        }
    }

    fn paths(&self) -> CertificateFiles {
        paths(self.folder.path())
    }

    /// Replaces both by new ones.
    fn renew(&mut self) {
        self.certificate = write(self.folder.path());
    }
}

fn paths(folder: &Path) -> CertificateFiles {
    CertificateFiles {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    }
}

fn write(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let paths = paths(folder);
    std::fs::write(paths.certificate, certificate.pem()).unwrap();
    std::fs::write(paths.key, key.serialize_pem()).unwrap();
    certificate.der().clone()
}

/// The two ends of a TCP connection: the gateway's and the client's.
async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connected) = tokio::join!(listener.accept(), TcpStream::connect(address));
    (accepted.unwrap().0, connected.unwrap())
}

async fn connect(
    stream: TcpStream,
    trusted: &CertificateDer<'static>,
) -> io::Result<client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await
}

/// An encrypted connection, the gateway's end and the client's.
async fn secured(
    tls: &Tls,
    trusted: &CertificateDer<'static>,
) -> (Secured, client::TlsStream<TcpStream>) {
    let (near, far) = connected().await;
    let (near, far) = tokio::join!(tls.handshake(near), connect(far, trusted));
    (near.unwrap(), far.unwrap())
}

async fn expect_echo(near: &mut Secured, far: &mut client::TlsStream<TcpStream>) {
    let mut read = [0; 5];
    far.write_all(b"hello").await.unwrap();
    far.flush().await.unwrap();
    near.read_exact(&mut read).await.unwrap();
    near.write_all(&read).await.unwrap();
    near.flush().await.unwrap();
    far.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"hello");
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_is_heard() {
    let files = Files::new();
    let tls = Tls::load(files.paths()).unwrap();
    let (mut near, mut far) = secured(&tls, &files.certificate).await;
    expect_echo(&mut near, &mut far).await;
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_certificate_costs_an_error() {
    let (files, others) = (Files::new(), Files::new());
    let tls = Tls::load(files.paths()).unwrap();
    let (near, far) = connected().await;
    let (near, far) = tokio::join!(tls.handshake(near), connect(far, &others.certificate));
    assert!(far.is_err());
    assert_eq!(near.unwrap_err().outcome(), "failed");
}

#[tokio::test]
async fn plain_text_is_recognised_by_its_first_byte_and_left_unread() {
    let files = Files::new();
    let tls = Tls::load(files.paths()).unwrap();
    for bytes in [&[0, 40, 0][..], &[15], &[255; 100]] {
        let (near, mut far) = connected().await;
        far.write_all(bytes).await.unwrap();
        let Err(HandshakeError::PlainText(mut near)) = tls.handshake(near).await else {
            panic!("{bytes:?} is taken for TLS")
        };
        let mut first = [0];
        near.read_exact(&mut first).await.unwrap();
        assert_eq!(first[0], bytes[0]);
    }
}

#[tokio::test]
async fn a_client_that_closes_or_sends_rubbish_costs_an_error() {
    let files = Files::new();
    let tls = Tls::load(files.paths()).unwrap();
    let cases: [(&[u8], &str); 4] = [
        (&[], "closed"),
        (&[HANDSHAKE_RECORD], "failed"),
        (&[HANDSHAKE_RECORD, 3, 1, 0, 4, 1, 0, 0, 0], "failed"),
        (&[HANDSHAKE_RECORD; 64], "failed"),
    ];
    for (bytes, outcome) in cases {
        let (near, mut far) = connected().await;
        far.write_all(bytes).await.unwrap();
        far.shutdown().await.unwrap();
        let error = tls.handshake(near).await.unwrap_err();
        assert_eq!(error.outcome(), outcome, "{bytes:?}: {error}");
    }
}

#[tokio::test]
async fn a_slow_handshake_is_over_at_the_hello_time() {
    let files = Files::new();
    let tls = Tls::load(files.paths()).unwrap();
    let begun = Instant::now();
    let silent = async {
        let (near, _far) = connected().await;
        tls.handshake(near).await.unwrap_err()
    };
    // A byte of a record now and then: the limit is on the whole, not on the silence.
    let trickling = async {
        let (near, mut far) = connected().await;
        let trickle = async {
            let record = [HANDSHAKE_RECORD, 3, 1, 64, 0].into_iter();
            for byte in record.chain(std::iter::repeat(1)) {
                let _ = far.write_all(&[byte]).await;
                tokio::time::sleep(HELLO_TIMEOUT / 20).await;
            }
        };
        tokio::select! {
            outcome = tls.handshake(near) => outcome.unwrap_err(),
            () = trickle => unreachable!("it goes on for ever"),
        }
    };
    let (silent, trickling) = tokio::join!(silent, trickling);
    for error in [silent, trickling] {
        assert_eq!(error.outcome(), "timeout", "{error}");
    }
    let took = begun.elapsed();
    assert!(
        (HELLO_TIMEOUT..HELLO_TIMEOUT * 2).contains(&took),
        "{took:?}"
    );
}

#[tokio::test]
async fn new_handshakes_use_the_new_certificate_and_connections_stay() {
    let mut files = Files::new();
    let tls = Tls::load(files.paths()).unwrap();
    let old = files.certificate.clone();
    let (mut near, mut far) = secured(&tls, &old).await;

    files.renew();
    tls.reload().unwrap();
    let (mut later_near, mut later_far) = secured(&tls, &files.certificate).await;
    expect_echo(&mut later_near, &mut later_far).await;
    expect_echo(&mut near, &mut far).await;
    let (refused_near, refused_far) = connected().await;
    let (_, refused) = tokio::join!(tls.handshake(refused_near), connect(refused_far, &old));
    assert!(refused.is_err(), "the old certificate is still in use");
}

#[tokio::test]
async fn a_bad_file_leaves_the_certificate_in_use() {
    let files = Files::new();
    let tls = Tls::load(files.paths()).unwrap();
    std::fs::write(files.paths().certificate, "not PEM").unwrap();
    let error = tls.reload().unwrap_err().to_string();
    assert!(error.contains("holds no certificate"), "{error}");
    let (mut near, mut far) = secured(&tls, &files.certificate).await;
    expect_echo(&mut near, &mut far).await;
}

#[test]
fn says_what_is_wrong_with_the_files() {
    let (good, other) = (Files::new(), Files::new());
    let with = |certificate: &Path, key: &Path| CertificateFiles {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
    };
    let missing = good.folder.path().join("missing.pem");
    let broken = good.folder.path().join("broken.pem");
    std::fs::write(
        &broken,
        "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let (paths, others) = (good.paths(), other.paths());
    let cases = [
        (with(&missing, &paths.key), ["missing.pem", "No such file"]),
        (
            with(&paths.certificate, &missing),
            ["missing.pem", "No such file"],
        ),
        (with(&broken, &paths.key), ["broken.pem", "PEM is expected"]),
        (
            with(&paths.key, &paths.key),
            ["key.pem", "holds no certificate"],
        ),
        (
            with(&paths.certificate, &paths.certificate),
            ["certificate.pem", "holds no private key"],
        ),
        (
            with(&paths.certificate, &others.key),
            ["key.pem", "is not that of the certificate"],
        ),
    ];
    for (files, words) in cases {
        let error = Tls::load(files).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{error}");
        }
    }
}

/// A send queue writes without a waker first: what the socket does not take then must be
/// written by the writer task, whether it waits in the queue or, encrypted, in the session.
#[tokio::test]
async fn a_client_that_reads_late_gets_every_frame_and_the_end_of_the_stream() {
    const FRAMES: usize = 200;
    const FRAME_BYTES: usize = 30_000;
    let files = Files::new();
    let tls = Tls::load(files.paths()).unwrap();
    let (near, mut far) = secured(&tls, &files.certificate).await;
    let (_reader, writer) = tokio::io::split(near);
    let queue = SendQueue::new(writer);
    let pushing = async {
        for number in 0..FRAMES {
            queue.push(Bytes::from(vec![number as u8; FRAME_BYTES]));
            // No more waits for a client than it may.
            queue.drained().await;
        }
        queue.end();
    };
    let reading = async {
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        all
    };
    let all = async { tokio::join!(queue.write(), pushing, reading).2 };
    let all = tokio::time::timeout(TIMEOUT, all).await.unwrap();
    assert_eq!(all.len(), FRAMES * (2 + FRAME_BYTES));
    for (number, frame) in all.chunks(2 + FRAME_BYTES).enumerate() {
        assert!(frame[2..].iter().all(|byte| *byte == number as u8));
    }
}

#[tokio::test]
async fn a_frame_is_written_at_once_without_a_writer_task() {
    let files = Files::new();
    let tls = Tls::load(files.paths()).unwrap();
    let (near, mut far) = secured(&tls, &files.certificate).await;
    let (_reader, writer) = tokio::io::split(near);
    let queue = SendQueue::new(writer);
    queue.push(Bytes::from_static(b"abc"));
    let mut read = [0; 5];
    let reading = tokio::time::timeout(TIMEOUT, far.read_exact(&mut read));
    reading.await.unwrap().unwrap();
    assert_eq!(&read, b"\0\x03abc");
}
