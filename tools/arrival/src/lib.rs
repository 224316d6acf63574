//! When bytes came over a socket: as the kernel noted it, not when a reader that
//! had other things to do looked.
//!
//! A measuring process may read as seldom as suits the machine, and waits for no
//! processor in what it measures. Linux stamps what arrives with the time of day
//! (`SO_TIMESTAMPNS`, socket(7)).

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};

/// Has the kernel note from now on when something comes.
///
/// # Errors
/// Those of setsockopt(2).
pub fn note(socket: &impl AsFd) -> io::Result<()> {
    Ok(setsockopt(socket, ReceiveTimestampns, &true)?)
}

/// Reads what is there, like [`io::Read::read`], and tells when the last of it
/// came; that it was just now, if nobody noted it.
///
/// # Errors
/// Those of recvmsg(2).
pub fn read(socket: &impl AsRawFd, buffer: &mut [u8]) -> io::Result<(usize, Instant)> {
    /// Room for the stamp, where the kernel and `nix` may expect it.
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
    let came = now.checked_sub(ago.unwrap_or_default());
    Ok((message.bytes, came.unwrap_or(now)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Longer than anything that is measured here but the pause.
    const PAUSE: Duration = Duration::from_millis(200);

    /// When bytes were sent, were said to have come, and were read.
    fn sent_came_read(is_noted: bool) -> [Instant; 3] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        if is_noted {
            note(&far).unwrap();
            // The kernel may begin a moment later.
            std::thread::sleep(PAUSE);
        }
        let sent = Instant::now();
        near.write_all(b"bytes").unwrap();
        std::thread::sleep(PAUSE);
        let mut buffer = [0; 16];
        let (bytes, came) = read(&far, &mut buffer).unwrap();
        assert_eq!(&buffer[..bytes], b"bytes");
        [sent, came, Instant::now()]
    }

    #[test]
    fn bytes_came_when_they_were_sent_however_late_they_are_read() {
        let [sent, came, read] = sent_came_read(true);
        // Two clocks are read one after the other.
        assert!(came + Duration::from_millis(1) >= sent);
        assert!(read - came >= PAUSE / 2, "{:?}", read - came);
    }

    #[test]
    fn without_a_note_bytes_came_when_they_are_read() {
        let [sent, came, _] = sent_came_read(false);
        assert!(came - sent >= PAUSE, "{:?}", came - sent);
    }

    #[test]
    fn the_end_and_nothing_are_told_as_by_any_socket() {
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
