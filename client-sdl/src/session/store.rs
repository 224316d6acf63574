//! The files of kept sessions: one for each gateway and player, which only the owner
//! may read.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use client_core::protocol::PlayerName;
use serde::{Deserialize, Serialize};

use super::{KeptSession, SessionChange};
use crate::private_file;

/// The folder in that for state.
const FOLDER: &str = "sessions";
/// Only the owner may list the folder.
const FOLDER_MODE: u32 = 0o700;
/// The version of the files. Another one is ignored: the player logs in again.
const VERSION: u32 = 1;
/// The longest name of a file that every file system takes, bytes.
const FILE_NAME_BYTES_MAX: usize = 255;
/// The largest file that is read, bytes: a token has about a hundred characters.
const FILE_BYTES_MAX: u64 = 16_384;

/// The content of a file.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    gateway: String,
    player: PlayerName,
    token: String,
}

/// The sessions that are kept for one gateway.
#[derive(Clone, Debug)]
pub struct SessionStore {
    folder: PathBuf,
    gateway: String,
}

impl SessionStore {
    /// Makes the store of a gateway in the folder for state.
    #[must_use]
    pub fn new(state: &Path, gateway: &str) -> Self {
        Self {
            folder: state.join(FOLDER),
            gateway: gateway.to_owned(),
        }
    }

    /// Returns the session that was kept last: of this player, or of any.
    #[must_use]
    pub fn latest(&self, player: Option<&PlayerName>) -> Option<KeptSession> {
        let entries = std::fs::read_dir(&self.folder).ok()?;
        let read = |path: PathBuf| Some((modified(&path)?, self.read(&path)?));
        let sessions = entries.flatten().filter_map(|entry| read(entry.path()));
        let wanted = sessions
            .filter(|(_, session)| player.is_none_or(|player| is_same(player, &session.player)));
        wanted
            .max_by_key(|(modified, _)| *modified)
            .map(|(_, session)| session)
    }

    /// Does what has become necessary.
    ///
    /// # Errors
    /// Returns the error of the file system.
    pub fn apply(&self, change: &SessionChange) -> io::Result<()> {
        match change {
            SessionChange::Keep(session) => self.keep(session),
            SessionChange::Forget(session) => self.forget(session),
        }
    }

    fn keep(&self, session: &KeptSession) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(&self.folder)?;
        let record = Record {
            version: VERSION,
            gateway: self.gateway.clone(),
            player: session.player.clone(),
            token: session.token.clone(),
        };
        let text = serde_json::to_string(&record).map_err(io::Error::from)?;
        private_file::write(&self.path(&session.player)?, &text)
    }

    /// Deletes a session, unless another client has kept a newer one meanwhile.
    fn forget(&self, session: &KeptSession) -> io::Result<()> {
        let path = self.path(&session.player)?;
        if self.read(&path).as_ref() != Some(session) {
            return Ok(());
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn read(&self, path: &Path) -> Option<KeptSession> {
        if std::fs::metadata(path).ok()?.len() > FILE_BYTES_MAX {
            return None;
        }
        let text = std::fs::read_to_string(path).ok()?;
        let record: Record = serde_json::from_str(&text).ok()?;
        let is_ours = record.version == VERSION && record.gateway == self.gateway;
        is_ours.then_some(KeptSession {
            player: record.player,
            token: record.token,
        })
    }

    /// A name has any case at a log-in, so the file has none.
    fn path(&self, player: &PlayerName) -> io::Result<PathBuf> {
        let player = player.as_str().to_ascii_lowercase();
        let name = format!("{}+{player}.json", encoded(&self.gateway));
        if name.len() > FILE_NAME_BYTES_MAX - 32 {
            let text = "the gateways' addresses are too long for the name of a file";
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, text));
        }
        Ok(self.folder.join(name))
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

fn is_same(one: &PlayerName, other: &PlayerName) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

/// Encodes what is not part of a host's name, so that no two gateways share a file
/// and none leaves the folder.
fn encoded(gateway: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    gateway.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn session(player: &str, token: &str) -> KeptSession {
        KeptSession {
            player: PlayerName::parse(player).unwrap(),
            token: token.to_owned(),
        }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keeps_one_file_for_each_gateway_and_player_from_others() {
        let state = tempfile::tempdir().unwrap();
        let store = SessionStore::new(state.path(), "play.example.org:10000");
        let other = SessionStore::new(state.path(), "../[::1]:1,b:2");
        for (store, session) in [
            (&store, session("Ada", "one")),
            (&store, session("Ada", "two")),
            (&other, session("Ada", "three")),
        ] {
            store.apply(&SessionChange::Keep(session)).unwrap();
        }
        assert_eq!(store.latest(None), Some(session("Ada", "two")));
        assert_eq!(other.latest(None), Some(session("Ada", "three")));
        let folder = state.path().join(FOLDER);
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 2);
        assert_eq!(mode(&folder), 0o700);
        assert!(files.iter().all(|file| mode(&file.path()) == 0o600));
    }

    #[test]
    fn offers_the_latest_player_or_the_wanted_one() {
        let state = tempfile::tempdir().unwrap();
        let store = SessionStore::new(state.path(), "a:1");
        assert_eq!(store.latest(None), None);
        store
            .apply(&SessionChange::Keep(session("Ada", "a")))
            .unwrap();
        let ada = store.path(&session("Ada", "a").player).unwrap();
        let file = std::fs::File::options().write(true).open(ada).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        store
            .apply(&SessionChange::Keep(session("Bob", "b")))
            .unwrap();
        assert_eq!(store.latest(None), Some(session("Bob", "b")));
        let ada = PlayerName::parse("ADA").unwrap();
        assert_eq!(store.latest(Some(&ada)), Some(session("Ada", "a")));
    }

    #[test]
    fn forgets_only_the_session_that_is_over() {
        let state = tempfile::tempdir().unwrap();
        let store = SessionStore::new(state.path(), "a:1");
        store
            .apply(&SessionChange::Keep(session("Ada", "newer")))
            .unwrap();
        store
            .apply(&SessionChange::Forget(session("Ada", "older")))
            .unwrap();
        assert!(store.latest(None).is_some());
        store
            .apply(&SessionChange::Forget(session("Ada", "newer")))
            .unwrap();
        assert_eq!(store.latest(None), None);
        store
            .apply(&SessionChange::Forget(session("Ada", "newer")))
            .unwrap();
    }

    #[test]
    fn ignores_files_that_it_does_not_understand() {
        let state = tempfile::tempdir().unwrap();
        let store = SessionStore::new(state.path(), "a:1");
        store
            .apply(&SessionChange::Keep(session("Ada", "t")))
            .unwrap();
        let path = store.path(&session("Ada", "t").player).unwrap();
        for text in [
            "",
            "nonsense",
            r#"{"version":2,"gateway":"a:1","player":"Ada","token":"t"}"#,
            r#"{"version":1,"gateway":"b:1","player":"Ada","token":"t"}"#,
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(store.latest(None), None, "{text}");
        }
    }
}
