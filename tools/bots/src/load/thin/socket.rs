//! A socket that does not block, with or without TLS around it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use client_core::{GatewayAddress, Security};
use mio::net::TcpStream;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;

/// A gateway, and the name that its certificate must be for.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    name: ServerName<'static>,
    /// The local address; `None` when the system chooses.
    from: Option<Ipv4Addr>,
}

impl Target {
    /// The gateway of a name at the address to which the name was resolved.
    pub(super) fn new(
        gateway: &GatewayAddress,
        address: SocketAddr,
        from: Option<Ipv4Addr>,
    ) -> io::Result<Self> {
        let name = ServerName::try_from(gateway.host().to_owned());
        let name = name.map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        Ok(Self {
            address,
            name,
            from,
        })
    }
}

/// A connection to a gateway.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    tls: Option<Box<Tls>>,
}

#[derive(Debug)]
struct Tls {
    session: ClientConnection,
    /// The bytes of the last read, decrypted.
    plain: Vec<u8>,
}

impl Socket {
    /// Begins to connect.
    pub(super) fn connect(target: &Target, security: &Security) -> io::Result<Self> {
        let tls = match security {
            Security::Plain => None,
            Security::Tls(config) => {
                let session = ClientConnection::new(config.clone(), target.name.clone());
                let session = session.map_err(io::Error::other)?;
                let plain = Vec::new();
                Some(Box::new(Tls { session, plain }))
            }
        };
        let stream = match target.from {
            None => TcpStream::connect(target.address)?,
            Some(from) => connect_from(from, target.address)?,
        };
        Ok(Self { stream, tls })
    }

    /// Reads what has come into a buffer. Returns the number of bytes that came, those for
    /// the player among them, and when they came. No bytes: the gateway has closed.
    pub(super) fn read<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> io::Result<(usize, &'a [u8], Instant)> {
        let (bytes, received_at) = receive_timestamp::read(&self.stream, buffer)?;
        let received = &buffer[..bytes];
        let Some(tls) = &mut self.tls else {
            return Ok((bytes, received, received_at));
        };
        tls.decrypt(received)?;
        // A handshake goes on with an answer.
        tls.flush(&mut self.stream)?;
        Ok((bytes, &tls.plain, received_at))
    }

    /// Writes as many of the bytes as possible. Returns how many.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.stream.write(bytes);
        };
        // The session takes bytes during the handshake too, and as many as it can keep.
        let taken = tls.session.writer().write(bytes)?;
        tls.flush(&mut self.stream)?;
        Ok(taken)
    }

    /// Writes what the session has kept.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => tls.flush(&mut self.stream),
        }
    }
}

/// As [`TcpStream::connect`], which cannot be told where from.
fn connect_from(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    net::bind(&socket, &SocketAddr::from((from, 0)))?;
    match net::connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(TcpStream::from_std(socket.into()))
}

impl Tls {
    fn decrypt(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.plain.clear();
        while !bytes.is_empty() {
            if self.session.read_tls(&mut bytes)? == 0 {
                // The gateway has said that nothing follows.
                return Ok(());
            }
            let state = self.session.process_new_packets();
            let decrypted = state.map_err(io::Error::other)?.plaintext_bytes_to_read();
            let begin = self.plain.len();
            self.plain.resize(begin + decrypted, 0);
            self.session.reader().read_exact(&mut self.plain[begin..])?;
        }
        Ok(())
    }

    fn flush(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(stream) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
