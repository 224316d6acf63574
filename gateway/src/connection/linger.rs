//! What happens between the last word to a client and the end of its connection.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How long a client may go on sending after its goodbye was written, and how much after
/// it was said: what was on its way when the goodbye left, and the pings of one that reads
/// it late. Nothing of it is looked at.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: u64 = 64 * 1024;

/// Reads what a client still sends until it closes too, or has had its time after the
/// goodbye `is_written`: closing with unread bytes would reset the connection, and lose the
/// goodbye.
pub(crate) async fn linger(reader: impl AsyncRead + Unpin, is_written: impl Future<Output = ()>) {
    let (mut rest, mut nowhere) = (reader.take(LINGER_BYTES_MAX), tokio::io::sink());
    let overdue = async {
        is_written.await;
        tokio::time::sleep(LINGER_TIMEOUT).await;
    };
    // Whether it ends in time, too late or broken, the connection is over.
    tokio::select! {
        _ = tokio::io::copy(&mut rest, &mut nowhere) => {}
        () = overdue => {}
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

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
        let both = async { tokio::join!(linger(near, ready(())), flooding) };
        let ended = tokio::time::timeout(LINGER_TIMEOUT / 2, both);
        assert!(ended.await.is_ok(), "it ends by the bytes");
        assert!(sent <= LINGER_BYTES_MAX + 1024, "{sent} bytes");
    }

    #[tokio::test]
    async fn waits_for_a_client_that_closes_and_not_long_for_one_that_does_not() {
        let (near, far) = duplex(1024);
        let closing = async { drop(far) };
        let both = async { tokio::join!(linger(near, ready(())), closing) };
        let ended = tokio::time::timeout(LINGER_TIMEOUT / 2, both);
        assert!(ended.await.is_ok());
        let (near, _far) = duplex(1024);
        let ended = tokio::time::timeout(20 * LINGER_TIMEOUT, linger(near, ready(())));
        assert!(ended.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn reads_pings_until_the_goodbye_is_written() {
        let (near, mut far) = duplex(4);
        let stalled = 60 * LINGER_TIMEOUT;
        let pinging = async {
            for _ in 0..4 {
                tokio::time::sleep(stalled / 5).await;
                far.write_all(b"ping of a client that reads nothing")
                    .await
                    .unwrap();
            }
            far
        };
        let lingering = linger(near, tokio::time::sleep(stalled));
        let both = async { tokio::join!(pinging, lingering) };
        let ended = tokio::time::timeout(stalled + 2 * LINGER_TIMEOUT, both);
        assert!(ended.await.is_ok());
    }
}
