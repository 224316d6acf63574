//! The file of signing keys, as a gateway uses it.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use protocol::signing::{SigningKey, SigningKeys, SigningKeysError};
use ring::hmac;

/// The bits of a file's mode that let others than its owner in.
const OTHERS_MODE: u32 = 0o077;
/// How often a token with an unknown key makes the file be read: tokens are forged more
/// often than keys are made.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(1);

/// Why a file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Others than its owner may read it.
    #[error("others may read it (mode {0:03o}): chmod 600 it")]
    Open(u32),
    /// It is no file of keys.
    #[error(transparent)]
    Content(#[from] SigningKeysError),
}

/// A file of keys, read again when it changes.
#[derive(Debug)]
pub(super) struct KeyFile {
    /// `None`: the keys are in no file, and stay.
    path: Option<PathBuf>,
    known: RwLock<Known>,
}

#[derive(Debug)]
struct Known {
    keys: SigningKeys,
    /// When a token with an unknown key made the file be read.
    looked_at: Option<Instant>,
}

impl KeyFile {
    pub(super) fn open(path: &Path) -> Result<Self, KeyFileError> {
        if !path.exists() {
            make(path)?;
        }
        Ok(Self::with(Some(path.to_owned()), read(path)?))
    }

    pub(super) fn with(path: Option<PathBuf>, keys: SigningKeys) -> Self {
        let known = Known {
            keys,
            looked_at: None,
        };
        Self {
            path,
            known: RwLock::new(known),
        }
    }

    pub(super) fn refresh(&self) {
        let Some(path) = &self.path else { return };
        match read(path) {
            Ok(keys) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                if known.keys != keys {
                    tracing::info!(keys = keys.all().len(), "took the new session keys");
                    known.keys = keys;
                }
            }
            Err(error) => {
                let path = path.display();
                tracing::warn!(%error, %path, "the session keys stay as they are");
            }
        }
    }

    /// The key that signs.
    pub(super) fn signing(&self) -> (u32, hmac::Key) {
        let known = self.lock();
        let [first, ..] = known.keys.all() else {
            unreachable!("a file of keys has one at least")
        };
        (first.id, hmac_key(first))
    }

    /// A key by its id.
    pub(super) fn key(&self, id: u32) -> Option<hmac::Key> {
        let found = self.find(id);
        if found.is_some() || !self.may_look() {
            return found;
        }
        self.refresh();
        self.find(id)
    }

    fn find(&self, id: u32) -> Option<hmac::Key> {
        let known = self.lock();
        known
            .keys
            .all()
            .iter()
            .find(|key| key.id == id)
            .map(hmac_key)
    }

    /// Whether the file may be read for a key that is unknown. If so it counts.
    fn may_look(&self) -> bool {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let may = known
            .looked_at
            .is_none_or(|at| now.duration_since(at) >= UNKNOWN_KEY_INTERVAL);
        if may {
            known.looked_at = Some(now);
        }
        may
    }

    fn lock(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hmac_key(key: &SigningKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &key.secret)
}

fn read(path: &Path) -> Result<SigningKeys, KeyFileError> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & OTHERS_MODE != 0 {
        return Err(KeyFileError::Open(mode));
    }
    Ok(fs::read_to_string(path)?.parse()?)
}

/// Writes a new key under another name and links it to its own, so that of two
/// gateways that start together one makes the key and the other reads it.
fn make(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let key = SigningKey {
        id: rand::random(),
        made_at: service::unix_ms() / 1_000,
        secret: rand::random(),
    };
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(SigningKeys::new(key).to_text().as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&partial, path);
    fs::remove_file(&partial)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
