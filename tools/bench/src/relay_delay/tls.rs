//! TLS over a stream whose bytes are read with receive timestamps, which a stream of
//! `tokio_rustls` hides.

use std::io::{Read, Write};
use std::sync::Arc;

use anyhow::Result;
use rustls::{ClientConfig, ClientConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The state of a connection whose handshake is done.
#[derive(Debug)]
pub(super) struct Tls(ClientConnection);

impl Tls {
    /// Does the handshake, and sends a greeting.
    ///
    /// # Errors
    /// When the peer is not the one that the configuration trusts, or the connection ends.
    pub(super) async fn connect(
        stream: &mut TcpStream,
        config: &Arc<ClientConfig>,
        greeting: &[u8],
    ) -> Result<Self> {
        let name = stream.peer_addr()?.ip().into();
        let mut tls = Self(ClientConnection::new(Arc::clone(config), name)?);
        tls.0.writer().write_all(greeting)?;
        // The greeting leaves with the end of the handshake: until then nothing comes that
        // is for the reader.
        while tls.0.is_handshaking() {
            tls.flush(stream).await?;
            if tls.0.is_handshaking() {
                // No more than that: what follows the handshake is read with its time.
                let record = read_record(stream).await?;
                tls.decrypt(&record, &mut Vec::new())?;
            }
        }
        tls.flush(stream).await?;
        Ok(tls)
    }

    /// Appends what the bytes say to the output.
    ///
    /// # Errors
    /// When they are not what the peer has sent.
    pub(super) fn decrypt(&mut self, mut bytes: &[u8], output: &mut Vec<u8>) -> Result<()> {
        while !bytes.is_empty() {
            if self.0.read_tls(&mut bytes)? == 0 {
                // The peer has said that nothing follows.
                return Ok(());
            }
            let decrypted = self.0.process_new_packets()?.plaintext_bytes_to_read();
            let begin = output.len();
            output.resize(begin + decrypted, 0);
            self.0.reader().read_exact(&mut output[begin..])?;
        }
        Ok(())
    }

    async fn flush(&mut self, stream: &mut TcpStream) -> Result<()> {
        let mut bytes = Vec::new();
        while self.0.wants_write() {
            self.0.write_tls(&mut bytes)?;
        }
        Ok(stream.write_all(&bytes).await?)
    }
}

/// Reads a record and nothing behind it: a header of five bytes, the last two of which are
/// the length of the rest (RFC 8446, 5.1).
async fn read_record(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut record = vec![0; 5];
    stream.read_exact(&mut record).await?;
    let length = u16::from_be_bytes([record[3], record[4]]);
    record.resize(5 + usize::from(length), 0);
    stream.read_exact(&mut record[5..]).await?;
    Ok(record)
}
