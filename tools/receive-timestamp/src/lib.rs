//! Receive timestamps: when the kernel received bytes, not when a busy reader got to
//! read them.
//!
//! A measuring process can poll its sockets at long intervals, and the time that it
//! waits for a processor does not count. Linux stamps received data with the time of
//! day (`SO_TIMESTAMPNS`, socket(7)).

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};

/// Enables receive timestamps on a socket.
///
/// # Errors
/// Those of setsockopt(2).
pub fn enable(socket: &impl AsFd) -> io::Result<()> {
    Ok(setsockopt(socket, ReceiveTimestampns, &true)?)
}

/// Reads like [`io::Read::read`]. Returns the number of bytes and the receive
/// timestamp of the last of them; the present without a timestamp of the kernel.
///
/// # Errors
/// Those of recvmsg(2).
pub fn read(socket: &impl AsRawFd, buffer: &mut [u8]) -> io::Result<(usize, Instant)> {
    /// A buffer for the timestamp, aligned as the kernel and `nix` require.
    #[repr(align(16))]
    struct Control([u8; 64]);

    let mut control = Control([0; 64]);
    let mut parts = [IoSliceMut::new(buffer)];
    let (socket, flags) = (socket.as_raw_fd(), MsgFlags::empty());
    let message = recvmsg::<()>(socket, &mut parts, Some(&mut control.0), flags)?;
    let stamp = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
        _ => None,
    });
    let (now, time_of_day) = (Instant::now(), SystemTime::now());
    let ago = stamp.and_then(|stamp| time_of_day.duration_since(UNIX_EPOCH + stamp).ok());
    let received_at = now.checked_sub(ago.unwrap_or_default());
    Ok((message.bytes, received_at.unwrap_or(now)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Longer than anything else that the tests measure.
    const PAUSE: Duration = Duration::from_millis(200);

    /// When bytes were sent, received by their timestamp, and read.
    fn sent_received_read(is_enabled: bool) -> [Instant; 3] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        if is_enabled {
            enable(&far).unwrap();
            // The kernel may start to stamp a moment later.
            std::thread::sleep(PAUSE);
        }
        let sent = Instant::now();
        near.write_all(b"bytes").unwrap();
        std::thread::sleep(PAUSE);
        let mut buffer = [0; 16];
        let (bytes, received) = read(&far, &mut buffer).unwrap();
        assert_eq!(&buffer[..bytes], b"bytes");
        [sent, received, Instant::now()]
    }

    #[test]
    fn the_timestamp_does_not_depend_on_when_bytes_are_read() {
        let [sent, received, read] = sent_received_read(true);
        // Two clocks are read one after the other.
        assert!(received + Duration::from_millis(1) >= sent);
        assert!(read - received >= PAUSE / 2, "{:?}", read - received);
    }

    #[test]
    fn without_a_timestamp_bytes_count_as_received_when_read() {
        let [sent, received, _] = sent_received_read(false);
        assert!(received - sent >= PAUSE, "{:?}", received - sent);
    }

    #[test]
    fn reports_the_end_and_no_data_like_any_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        far.set_nonblocking(true).unwrap();
        let nothing = read(&far, &mut [0; 16]).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        drop(near);
        far.set_nonblocking(false).unwrap();
        assert_eq!(read(&far, &mut [0; 16]).unwrap().0, 0);
    }
}
