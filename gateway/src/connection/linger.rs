//! What happens between the last word to a client and the end of its connection.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How long a client may go on sending after its goodbye, and how much: what was on its
/// way when the goodbye left. Nothing of it is looked at.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: u64 = 64 * 1024;

/// Reads what a client still sends until it closes too: closing with unread bytes would
/// reset the connection, and lose the goodbye.
pub(crate) async fn linger(reader: impl AsyncRead + Unpin) {
    let (mut rest, mut nowhere) = (reader.take(LINGER_BYTES_MAX), tokio::io::sink());
    let discarding = tokio::io::copy(&mut rest, &mut nowhere);
    // Whether it ends in time, too late or broken, the connection is over.
    let _ = tokio::time::timeout(LINGER_TIMEOUT, discarding).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn reads_little_of_a_client_that_floods_on() {
        let (near, mut far) = duplex(1024);
        let mut sent = 0;
        let flooding = async {
            while far.write_all(&[0; 1024]).await.is_ok() {
                sent += 1024;
            }
        };
        let both = async { tokio::join!(linger(near), flooding) };
        let ended = tokio::time::timeout(LINGER_TIMEOUT / 2, both);
        assert!(ended.await.is_ok(), "it ends by the bytes");
        assert!(sent <= LINGER_BYTES_MAX + 1024, "{sent} bytes");
    }

    #[tokio::test]
    async fn waits_for_a_client_that_closes_and_not_long_for_one_that_does_not() {
        let (near, far) = duplex(1024);
        let closing = async { drop(far) };
        let both = async { tokio::join!(linger(near), closing) };
        let ended = tokio::time::timeout(LINGER_TIMEOUT / 2, both);
        assert!(ended.await.is_ok());
        let (near, _far) = duplex(1024);
        let ended = tokio::time::timeout(20 * LINGER_TIMEOUT, linger(near));
        assert!(ended.await.is_ok());
    }
}
